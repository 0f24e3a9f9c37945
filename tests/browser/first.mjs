// A new user's first ten minutes, and "why did you write to me?", in Spanish on a phone. What is counted are steps: things
// that somebody types or touches. What a page tells to type in a terminal is typed there, as it stands.
//
//   node first.mjs EMPTY_URL EMPTY_LOGIN EMPTY_DATA PROGRAM BASE_URL LOGIN_URL NAME PASSWORD OUT_DIR
//
// EMPTY is a host without a shop, BASE a demo after its day. Exit codes as those of phone.mjs.
import { execFileSync } from "node:child_process";

import { checked, hasAxe } from "./checked.mjs";
import { Steps, attempt, must } from "./support.mjs";

const [emptyUrl, emptyLogin, data, program, base, login, name, password, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write("usage: node first.mjs EMPTY_URL EMPTY_LOGIN EMPTY_DATA PROGRAM BASE_URL LOGIN_URL NAME PASSWORD OUT_DIR\n");
  process.exit(2);
}
const steps = new Steps(out);
let page;
let taken = 0;
/** One step of a person. */
const act = async (what) => {
  taken += 1;
  await what();
};
const touch = (locator) => act(async () => {
  await locator.scrollIntoViewIfNeeded();
  await Promise.all([page.waitForNavigation(), locator.click()]);
});
const within = (most, what) => {
  must(taken <= most, `${what} takes ${taken} steps, not ${most}`);
  process.stdout.write(`    ${what}: ${taken} steps\n`);
  taken = 0;
};
const seen = (where) => checked(page, out, `first-${where}-es-360`, "es");
/** What the page says to type: the commands in it. */
const told = async () => (await page.locator("main").innerText()).match(/portero [a-z]+( [a-z]+)?/g) ?? [];

async function empty() {
  await steps.step("an empty host: the link leads in, and each page says what comes first", async () => {
    await act(() => page.goto(`${emptyLogin}&lang=es`));
    await page.waitForURL((address) => address.pathname === "/home");
    await page.goto(new URL("/home?lang=es", emptyUrl).href);
    await seen("home-empty-host");
    must((await told()).some((verb) => verb.startsWith("portero tenant create")), "the first page does not say how a shop is made");
    for (const path of ["/inbox", "/contacts", "/consents", "/verdicts", "/campaigns", "/segments", "/templates", "/plugins", "/phone", "/webhooks", "/policy", "/retention", "/checklist", "/numbers/new"]) {
      await page.goto(new URL(`${path}?lang=es`, emptyUrl).href);
      const verbs = await told();
      must(path === "/inbox" || verbs.some((verb) => verb.startsWith("portero tenant create")), `${path} without a shop says only: ${await page.locator("main").innerText()}`);
      await seen(`${path.slice(1).replace("/", "_")}-empty-host`);
    }
  });
  await steps.step("a shop is made as the page says; the first page leads to what is missing", async () => {
    await act(() => execFileSync(program, ["tenant", "create", "tienda-nueva", "--name", "Tienda Nueva", "--timezone", "America/Bogota", "--country", "CO", "--data", data]));
    await act(() => page.goto(new URL("/home?lang=es", emptyUrl).href));
    const said = await page.locator("main").innerText();
    must(/portero number/.test(said), `the first page of a shop without a number says nothing of one: ${said}`);
    await seen("home-without-number");
    await touch(page.locator("nav.pages a[href^='/checklist']"));
    must((await page.locator("#steps li").count()) > 4, "the list of what is missing is empty");
    await seen("checklist-without-number");
    within(4, "from the link to the list of what is missing");
  });
}

async function verdict() {
  await steps.step("a demo: from the link to the first verdict explained", async () => {
    await act(() => page.goto(`${login}&lang=es`));
    await page.waitForURL((address) => address.pathname === "/home");
    await page.goto(new URL("/home?lang=es", base).href);
    await seen("home-of-a-day");
    // Why something was kept back today stands on the first page.
    const count = page.locator("main a[href*='/verdicts'][href*='rule=consent']").first();
    await touch(count);
    await seen("verdicts-of-a-day");
    await touch(page.locator("a.verdicts-row").first());
    await page.locator(".verdicts-sentence").waitFor();
    must((await page.locator(".verdicts-sentence").innerText()).length > 20, "the verdict has no sentence");
    const findings = await page.locator("main").innerText();
    must(/No se envió|Frenado/.test(findings), `it does not say that it was kept back: ${findings.slice(0, 200)}`);
    await seen("verdict-explained");
    within(3, "from the link to the first verdict explained");
  });
}

/** What the demo's shop kept when somebody agreed: its words and where the yes came from. */
const EVIDENCE = /Aceptó: .*ofertas@1.*(newsletter form|folder 3)/s;
/** Somebody who was written to because they had agreed: their number. */
async function somebody() {
  await page.goto(new URL("/contacts?lang=es", base).href);
  const all = await page.locator("#found a.row-card").evaluateAll((rows) => rows.map((a) => [a.getAttribute("href"), a.querySelector("code")?.textContent]));
  for (const [href, number] of all) {
    await page.goto(new URL(href, base).href);
    const why = page.locator("section[aria-labelledby=why-title] .card");
    must(!(await why.count()) || !/Aceptó: [^·]*· Preguntado/.test(await why.innerText()), `being asked is told as a yes: ${href}`);
    if (/^\+\d+$/.test(number ?? "") && (await why.count()) && EVIDENCE.test(await why.innerText())) return number;
  }
  throw new Error(`nobody was written to on a consent with evidence: ${all.length} people`);
}

async function why() {
  let number;
  await steps.step("somebody asks why they were written to", async () => { number = await somebody(); });
  await steps.step("from the login to the sentence with its consent", async () => {
    await page.context().clearCookies();
    await page.goto(new URL("/login?lang=es", base).href);
    await page.locator("#name").fill(name);
    await page.locator("#password").fill(password);
    await touch(page.locator("main button[type=submit]"));
    await touch(page.locator("nav.pages a[href^='/contacts']"));
    await act(() => page.locator("input[name=q]").fill(number));
    await act(() => Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]));
    await touch(page.locator("#found a.row-card").first());
    const card = page.locator("section[aria-labelledby=why-title] .card");
    const text = await card.innerText();
    must(EVIDENCE.test(text), `no evidence of the consent: ${text}`);
    must(/ofertas/.test(text), `no topic: ${text}`);
    // Without scrolling for it: it is the first thing of the page.
    const top = await card.evaluate((n) => n.getBoundingClientRect().top + scrollY);
    must(top < 740, `the reason begins ${top} px below`);
    await seen("why-answered");
    within(5, "why did you write to me");
  });
}

async function run() {
  if (!hasAxe) process.stdout.write("NOTE  axe-core is not installed: accessibility rules were NOT checked\n");
  await page.setViewportSize({ width: 360, height: 740 });
  await empty();
  await verdict();
  await why();
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, "the first ten minutes on a phone lead somewhere");
