// What holds for every state of every page, in one place: it fits, it is in its language, it follows axe's rules,
// the keyboard goes through it as it is read, and what was kept back never looks like a fault.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { axeSource, must } from "./support.mjs";

const axe = axeSource();
export const hasAxe = Boolean(axe);
const LANGUAGES = ["es", "pt", "en"];

/** Every key of the pages with its words: { key: [es, pt, en] }, read from the tables themselves. */
export function tables() {
  const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../host/console/src/strings");
  const all = {};
  const text = String.raw`"((?:[^"\\]|\\.)*)"`;
  for (const file of readdirSync(folder)) {
    const source = readFileSync(path.join(folder, file), "utf8");
    const language = LANGUAGES.indexOf(path.basename(file, ".rs"));
    const row = new RegExp(language < 0 ? String.raw`\(\s*${text},\s*\[\s*${text},\s*${text},\s*${text},?\s*\]` : String.raw`\(\s*${text},\s*${text},?\s*\)`, "g");
    for (const found of source.matchAll(row)) {
      const words = found.slice(2).map((w) => w.replace(/\\(.)/g, "$1"));
      all[found[1]] ??= ["", "", ""];
      if (language < 0) all[found[1]] = words;
      else all[found[1]][language] = words[0];
    }
  }
  must(Object.keys(all).length > 500, `only ${Object.keys(all).length} words found in ${folder}`);
  return all;
}

const WORDS = tables();
/** Words for what the house kept back: protection, never a fault. */
const KEPT = ["fate.blocked", "fate.withdrawn", "fate.expired", "explore.result.deny", "explore.result.hold", "campaign.group.kept", "campaign.person.denied",
  "home.beside.denied", "home.beside.withdrawn", "plugin.refused", "people.refused.one", "people.refused.many", "consent.declined", "consent.revoked", "tenants.refused"];
/** Places that tell of it: each row, card or sentence there is about what was kept back. */
const PLACES = [".inbox-said.refused", ".inbox-note[data-tone=guard]", ".inbox-closed", "#timeline li:has(.chip[data-tone=guard])", "#beside li:has(.chip[data-tone=guard])",
  "#today li:has(.chip[data-tone=guard])", "#reasons li", ".home-reasons li", ".verdicts-row:has([data-verdict=deny])", ".verdicts-row:has([data-verdict=hold])",
  "main:has(> p > .verdicts-chip[data-verdict=deny]) .verdicts-sentence", "#live-run .slice:has([data-tone=guard])"];
/** How a fault is told; what was kept back is told otherwise. */
const FAULT = /(?<![\p{L}])(fall[óoa]s?|fallid[oa]s?|fallaron|error(es)?|falh(a|as|ou|aram)|erros?|fail(s|ed|ure|ures)?|errors?)(?![\p{L}])/iu;

/** Rules whose ids are spelled like keys. */
const RULES = ["consent.revoked"];

/** What a page says in its own words: nothing of the shop's data, nothing in code. */
async function text(page) {
  return page.evaluate(() => {
    const copy = document.body.cloneNode(true);
    for (const own of copy.querySelectorAll("code, blockquote, script, noscript, .people-words, .bubble, .quote, .sentence, .finding, .remedy, .said, .languages")) own.remove();
    const labels = [...document.querySelectorAll("[aria-label], [placeholder]")].flatMap((n) => ["aria-label", "placeholder"].map((a) => n.getAttribute(a) || ""));
    return `${copy.textContent}\n${labels.join("\n")}`;
  });
}

/** No key, no open place, and no words that are another language's. */
export async function worded(page, where, language) {
  must((await page.locator("html").getAttribute("lang")) === language, `${where}: another language`);
  const said = await text(page);
  const key = Object.keys(WORDS).find((k) => !RULES.includes(k) && new RegExp(`(^|[\\s>(])${k.replaceAll(".", "\\.")}($|[\\s<)])`).test(said) && k.includes("."));
  must(!key, `${where}: the key ${key} is shown instead of its words`);
  const unfilled = /(^|[^{])\{[a-z]+\}([^}]|$)/.exec(said);
  must(!unfilled, `${where}: an unfilled place: ${unfilled}`);
  const mine = LANGUAGES.indexOf(language);
  const own = new Set(Object.values(WORDS).map((w) => w[mine]));
  for (const [k, all] of Object.entries(WORDS)) {
    all.forEach((words, of) => {
      // Short words are spelled alike in two languages too often; open places are filled on the page.
      if (of === mine || words.length < 16 || words.includes("{") || own.has(words)) return;
      if ([...own].some((w) => w.includes(words))) return;
      must(!said.includes(words), `${where}: ${k} is in ${LANGUAGES[of]}: ${words.slice(0, 60)}`);
    });
  }
}

/** Nothing is wider than the screen, nothing that is touched is lower than a finger. */
export async function fits(page, where) {
  const { wide, inner, small } = await page.evaluate(() => {
    const low = [...document.querySelectorAll("main button, main input:not([type=hidden]), main select, main summary, main a.button, main a.row-card")]
      .filter((n) => n.offsetParent && n.getBoundingClientRect().height > 0 && n.getBoundingClientRect().height < 39.5 && getComputedStyle(n).pointerEvents !== "none"
        && !n.closest(".log"));
    return { wide: document.documentElement.scrollWidth, inner: document.documentElement.clientWidth, small: low.map((n) => n.outerHTML.slice(0, 90)) };
  });
  must(wide <= inner, `${where}: ${wide} px wide in ${inner} px`);
  must(small.length === 0, `${where}: too low to touch: ${small.slice(0, 3).join(" | ")}`);
}

export async function accessible(page, where) {
  if (!axe) return;
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await window.axe.run()).violations.map((v) => `${v.id}: ${v.nodes.slice(0, 2).map((n) => n.target.join(" ")).join(", ")}`));
  must(violations.length === 0, `axe (${where}): ${violations.join(" | ")}`);
}

/** The keyboard goes where the eye goes: in one column, never back up past what it has left. */
export async function inReadingOrder(page, where) {
  const back = await page.evaluate(() => {
    if ([...document.querySelectorAll("[tabindex]")].some((n) => n.tabIndex > 0)) return "a tabindex above 0";
    const all = [...document.querySelectorAll("main a[href], main button, main input:not([type=hidden]), main select, main textarea, main summary")]
      // What scrolls by itself, as a conversation does, has an order of its own.
      .filter((n) => n.offsetParent && n.checkVisibility() && !n.closest(".log") && !n.disabled && n.tabIndex >= 0 && getComputedStyle(n).visibility !== "hidden");
    for (let at = 1; at < all.length; at += 1) {
      const [before, after] = [all[at - 1].getBoundingClientRect(), all[at].getBoundingClientRect()];
      if (after.bottom <= before.top - 2 && after.left <= before.right && innerWidth < 600) return all[at].outerHTML.slice(0, 120);
    }
    return "";
  });
  must(!back, `${where}: the focus jumps back up to ${back}`);
}

/** A key whose words are written over several lines. */
function spread(key) {
  const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../host/console/src/strings");
  const text = String.raw`\s*"((?:[^"\\]|\\.)*)"`;
  const row = new RegExp(String.raw`\(\s*"${key.replaceAll(".", "\\.")}",\s*\[${text},${text},${text},?\s*\]`);
  const found = readdirSync(folder).map((file) => row.exec(readFileSync(path.join(folder, file), "utf8"))).find(Boolean);
  return found?.slice(1);
}
/** Blocked is protection: it never has the colour, the tone, the voice or the words of a fault. */
export async function blockedIsNoFault(page, where) {
  const words = KEPT.flatMap((k) => WORDS[k] ?? []).filter(Boolean);
  const plain = words.filter((w) => !w.includes("{"));
  // Words with open places: the longest part between them.
  const parts = words.filter((w) => w.includes("{")).map((w) => w.split(/\{[a-z]+\}/).sort((a, b) => b.length - a.length)[0].trim()).filter((w) => w.length > 8);
  const { wrong, told } = await page.evaluate(([kept, some, places]) => {
    const colour = (tone) => {
      const probe = document.createElement("span");
      probe.className = "chip";
      if (tone) probe.dataset.tone = tone;
      document.body.append(probe);
      const is = getComputedStyle(probe).color;
      probe.remove();
      return is;
    };
    const bad = colour("bad");
    // Where a page has no colour for faults among its chips, colour tells nothing.
    const tells = bad !== colour("") && bad !== getComputedStyle(document.body).color;
    const about = (text) => kept.includes(text) || some.some((part) => text.includes(part));
    const leaf = (n) => [...n.childNodes].some((c) => c.nodeType === 3 && about(c.textContent.trim()));
    const leaves = [...document.querySelectorAll("body *")].filter((n) => n.tagName !== "OPTION" && leaf(n));
    const found = places.flatMap((place) => [...document.querySelectorAll(place)]);
    const faulty = (n) => n.closest("[data-tone=bad], [role=alert]") || n.querySelector("[data-tone=bad], [role=alert]") || (tells && getComputedStyle(n).color === bad);
    const one = [...leaves, ...found].find(faulty);
    return { wrong: one ? one.outerHTML.slice(0, 160) : "", told: [...leaves, ...found].map((n) => n.textContent.replace(/\s+/g, " ").trim()) };
  }, [plain, parts, PLACES]);
  must(!wrong, `${where}: what was kept back looks like a fault: ${wrong}`);
  const said = told.find((text) => FAULT.test(text));
  must(!said, `${where}: what was kept back is told as a fault: ${said?.slice(0, 160)}`);
}
/** Spanish, Portuguese, English. */
export const wordsOf = (key) => WORDS[key] ?? spread(key);
for (const key of KEPT) {
  WORDS[key] ??= spread(key);
  must(WORDS[key], `${key} has no words: take it out of KEPT, or name it as it is called now`);
  const wrong = WORDS[key].find((words) => FAULT.test(words));
  must(!wrong, `${key} tells of a fault: ${wrong}`);
}

/** All of it, and a photograph. */
export async function checked(page, out, where, language) {
  await fits(page, where);
  await worded(page, where, language);
  await inReadingOrder(page, where);
  await blockedIsNoFault(page, where);
  await accessible(page, where);
  await page.screenshot({ path: `${out}/${where}.png`, fullPage: true });
}
