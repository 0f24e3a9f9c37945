// What the browser test stands on: a browser, deadlines instead of sleeps, and steps with names.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

/** How long any state may take to come, in milliseconds. */
export const DEADLINE = Number(process.env.PORTERO_DEADLINE_MS || 20_000);

/** A prerequisite that is not there; the message says what to type. */
export class Missing extends Error {}

/** Finds a package in PORTERO_PLAYWRIGHT (a folder with or inside `node_modules`) or beside this file. */
export function find(name) {
  const asked = process.env.PORTERO_PLAYWRIGHT;
  const places = [asked, asked && path.dirname(asked), here].filter(Boolean);
  for (const place of places) {
    try {
      return createRequire(path.join(place, "any.js")).resolve(name);
    } catch {
      // The next place may have it.
    }
  }
  return null;
}

/** Starts Chromium with a profile of its own; `close` removes the profile. */
export async function browser() {
  const found = find("playwright-core");
  if (!found) throw new Missing("playwright-core is missing: run `npm ci` in tests/browser, or set PORTERO_PLAYWRIGHT to the folder that has it");
  const { chromium } = createRequire(import.meta.url)(found);
  const executablePath = process.env.PORTERO_CHROMIUM || "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Missing(`no browser at ${executablePath}: install chromium, or set PORTERO_CHROMIUM to one`);
  const profile = mkdtempSync(path.join(tmpdir(), "portero-browser-"));
  const options = {
    executablePath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    viewport: { width: 1280, height: 860 },
    reducedMotion: "reduce",
    timezoneId: "Europe/Madrid",
    locale: "es-CO",
  };
  const context = await chromium.launchPersistentContext(profile, options);
  context.setDefaultTimeout(DEADLINE);
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** The source of axe-core, or nothing where it is not installed. */
export function axeSource() {
  const found = find("axe-core/axe.min.js");
  return found ? readFileSync(found, "utf8") : null;
}

/** Fails with a sentence. */
export function must(truth, sentence) {
  if (!truth) throw new Error(sentence);
}

/** Steps with names: what was done is printed, what failed is named and photographed. */
export class Steps {
  constructor(out) {
    this.out = out;
    this.name = "start";
    this.page = null;
    mkdirSync(out, { recursive: true });
  }
  async step(name, act) {
    this.name = name;
    await act();
    process.stdout.write(`ok  ${name}\n`);
  }
  async shot(name) {
    await this.page.screenshot({ path: path.join(this.out, `${name}.png`) });
  }
  async failed(error) {
    process.stderr.write(`FAILED at: ${this.name}\n${error.message}\n`);
    if (this.page) await this.shot("failure").catch(() => {});
  }
}

/** Runs a script on a page of its own browser; says `words` when all went well, else why not, by exit code. */
export async function attempt(steps, run, words) {
  const problems = [];
  let closing = async () => {};
  try {
    const started = await browser();
    closing = started.close;
    const page = started.context.pages()[0] || (await started.context.newPage());
    steps.page = page;
    page.on("pageerror", (error) => problems.push(`script error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && /Content Security Policy/i.test(message.text())) problems.push(message.text());
    });
    await run(page);
    if (problems.length) throw new Error(`the page complained: ${problems.join(" | ")}`);
    process.stdout.write(`${words}\n`);
  } catch (error) {
    await steps.failed(error);
    if (problems.length) process.stderr.write(`the page complained: ${problems.join(" | ")}\n`);
    process.exitCode = error instanceof Missing ? 3 : 1;
  } finally {
    await closing();
  }
}
