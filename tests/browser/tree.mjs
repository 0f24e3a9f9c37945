// What a screen reader is told of the main pages: landmarks, headings, controls with their names, live regions; compared
// with `tree.txt` beside this file.
//
//   node tree.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP OUT_DIR
//
// Names that are the shop's data stand as `…`: what is compared is what the house says and how it is built. With
// UPDATE_DOCS=1 the file is written anew: look at its diff. Exit codes as those of phone.mjs.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { tables } from "./checked.mjs";
import { Steps, attempt, must } from "./support.mjs";

const [base, login, shop, emptyShop, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write("usage: node tree.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP OUT_DIR\n");
  process.exit(2);
}
const FILE = path.join(path.dirname(fileURLToPath(import.meta.url)), "tree.txt");
const steps = new Steps(out);
let page;

/** The pages: an address, or a list whose first link is followed. */
const PAGES = [
  ["/home"], ["/inbox"], ["/inbox", "a.inbox-row"], ["/contacts"], ["/contacts", "a.row-card"], ["/consents"], ["/messages"], ["/verdicts"],
  ["/verdicts", "a.verdicts-row"], ["/campaigns"], ["/campaigns/new"], ["/segments"], ["/templates"], ["/templates", "a.row-card"],
  ["/plugins"], ["/plugins", "a.row-card"], ["/figures"], ["/phone"], ["/phone/dials"], ["/webhooks"], ["/policy"], ["/retention"],
  ["/numbers/new"], ["/checklist"], ["/tenants"], ["/audit"], ["/access"], ["/me"],
];
const first = async (list, link) => {
  await page.goto(new URL(`${list}?lang=es&shop=${shop}`, base).href);
  return page.locator(`main ${link}`).first().getAttribute("href");
};
/** The one campaign, planned: there is its plan to read, and people by what became of them. */
const planned = async () => {
  const address = await first("/campaigns", "a.row-card");
  await page.goto(new URL(address, base).href);
  if (!(await page.locator("#plan").count())) {
    await page.locator("#act-plan button").click();
    await page.locator("#plan").waitFor();
  }
  return address;
};
/** Pages that something has to be done for: a title, and how their address is found. */
const FOUND = [
  ["/campaigns one", planned],
  ["/campaigns one, people", async () => {
    await page.goto(new URL(await planned(), base).href);
    return page.locator("#plan a.more").first().getAttribute("href");
  }],
  ["/segments one", () => first("/segments", "a.row-card")],
  ["/contacts one, erase", async () => (await first("/contacts", "a.row-card")).replace(/(\?|$)/, "/erase$1")],
  ["/webhooks one", async () => {
    await page.goto(new URL(`/webhooks?lang=es&shop=${shop}`, base).href);
    await page.locator("form.form input[name=url]").fill("https://crm.example/portero");
    await page.locator("form.form button").click();
    await page.locator("#made").waitFor();
    return first("/webhooks", "a.row-card");
  }],
  // Without a menu: whoever is there has no session, or needs none.
  ["/proof", async () => {
    await page.goto(new URL(await first("/verdicts", "a.verdicts-row"), base).href);
    await page.locator("#link").click();
    await page.locator("#made").waitFor();
    return `${await page.locator("#proof-open").getAttribute("href")}?lang=es`;
  }, "alone"],
  ["/login", async () => {
    await page.context().clearCookies();
    return "/login?lang=es";
  }, "alone"],
];
/** Roles that somebody moves by or acts on, or that speak by themselves. */
const KEPT = ["banner", "navigation", "main", "contentinfo", "complementary", "region", "form", "search", "heading", "link", "button", "textbox", "searchbox",
  "spinbutton", "combobox", "checkbox", "radio", "group", "status", "alert", "log", "img", "table", "columnheader", "rowheader", "list"];
const LANDMARKS = ["banner", "navigation", "main", "region", "form", "search", "complementary", "heading"];

/** What the house says in Spanish, with its open places as wildcards. */
const house = Object.values(tables()).map(([es]) => es).filter((words) => words.replace(/\{[a-z]+\}/g, "").trim().length > 2);
const plain = new Set(house.filter((words) => !words.includes("{")));
const open = house.filter((words) => words.includes("{")).map((words) => new RegExp(`^${words.split(/\{[a-z]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+")}$`));
const own = (name) => {
  if (plain.has(name)) return name;
  if (open.some((words) => words.test(name))) return name.replace(/\b[0-9a-f]{12,64}\b/g, "…").replace(/\d[\d\s.,:]*/g, "0 ").trim();
  // A control's name may be a word of the house and what it is about.
  const begins = [...plain].filter((words) => name.startsWith(`${words} `) || name.startsWith(`← ${words}`)).sort((a, b) => b.length - a.length)[0];
  return begins ? `${begins} …` : "…";
};

/** The tree as lines: what is said once in a part is said once here. */
function outline(tree) {
  const lines = [];
  let seen = new Set();
  for (const line of tree.split("\n")) {
    const found = /^(\s*)- '?([a-z]+)(?: "((?:[^"\\]|\\.)*)")?((?: \[[^\]]+\])*)/.exec(line);
    if (!found || !KEPT.includes(found[2])) continue;
    const [, , role, name, attributes] = found;
    if (LANDMARKS.includes(role)) seen = new Set();
    const level = /\[level=\d\]/.exec(attributes)?.[0] ?? "";
    const said = [role, name === undefined ? "" : JSON.stringify(own(name.replace(/\\(.)/g, "$1").replace(/\s+/g, " ").trim())), level].filter(Boolean).join(" ");
    if (seen.has(said)) continue;
    seen.add(said);
    lines.push(`${LANDMARKS.includes(role) ? "" : "  "}${said}`);
  }
  return lines;
}

/** What holds for every page whatever it shows. */
async function sound(where, alone) {
  const wrong = await page.evaluate((alone) => {
    const faults = [];
    const shown = (n) => n.checkVisibility();
    const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown).map((h) => Number(h.tagName[1]));
    if (levels.filter((l) => l === 1).length !== 1) faults.push(`${levels.filter((l) => l === 1).length} headings of level 1`);
    levels.forEach((level, at) => { if (at && level > levels[at - 1] + 1) faults.push(`a heading of level ${level} after ${levels[at - 1]}`); });
    if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
    if (!document.querySelector("header") || !document.querySelector("nav")) faults.push("no header or no navigation");
    for (const nav of document.querySelectorAll("nav, section, form[role=search]")) {
      if (nav.tagName === "NAV" && !nav.hasAttribute("aria-label") && !nav.hasAttribute("aria-labelledby")) faults.push(`a navigation without a name: ${nav.className}`);
      for (const id of (nav.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean)) if (!document.getElementById(id)) faults.push(`named by ${id}, which is not there`);
    }
    for (const table of document.querySelectorAll("table")) if (!table.querySelector("th")) faults.push("a table without headers");
    const skip = document.querySelector("a.skip");
    if (!alone && (!skip || !document.querySelector(skip.getAttribute("href")))) faults.push(`the way past the menu leads nowhere: ${skip?.getAttribute("href")}`);
    // What the stream brings is told to who does not see it.
    if (document.querySelector("[data-live]") && !document.querySelector("#fresh[role=status]")) faults.push("nothing tells that the page changed");
    return faults;
  }, Boolean(alone));
  must(wrong.length === 0, `${where}: ${wrong.join("; ")}`);
}

async function run() {
  await page.goto(login);
  await page.setViewportSize({ width: 1280, height: 860 });
  // Somebody waits for a person: the inbox has a conversation.
  const { people } = await (await page.request.get(new URL(`/console/phone/${shop}/people`, base).href)).json();
  const words = { person: people[0].key, message: { type: "text", text: "quiero hablar con una persona" } };
  const said = await page.request.post(new URL(`/console/phone/${shop}/say`, base).href, { data: words, headers: { "x-portero-console": "1", "sec-fetch-site": "same-origin" } });
  must(said.ok(), `say answered ${said.status()}`);
  await page.waitForFunction(async (address) => (await (await fetch(address)).text()).includes("inbox-row"), `/inbox?shop=${shop}`);
  const all = [];
  const wrong = [];
  for (const [where, link] of PAGES) {
    for (const [which, name] of [[shop, "filled"], [emptyShop, "empty"]]) {
      if (name === "empty" && (link || where === "/tenants" || where === "/audit" || where === "/access" || where === "/me")) continue;
      const title = `${where}${link ? " one" : ""} (${name})`;
      await steps.step(title, async () => {
        await page.goto(new URL(`${where}?lang=es&shop=${which}`, base).href);
        if (link) await page.goto(new URL(await page.locator(`main ${link}`).first().getAttribute("href"), base).href);
        if (where === "/phone") await page.waitForFunction(() => document.getElementById("log").getAttribute("aria-busy") === "false" && !document.getElementById("people").hasAttribute("aria-busy"));
        await sound(title);
        const lines = outline(await page.locator("body").ariaSnapshot());
        must(lines.some((line) => line.startsWith("main")), `${title}: the tree has no main`);
        all.push(`# ${title}`, ...lines, "");
      }).catch((error) => wrong.push(`${title}: ${error.message}`));
    }
  }
  for (const [title, find, alone] of FOUND) {
    await steps.step(title, async () => {
      await page.goto(new URL(await find(), base).href);
      await sound(title, alone);
      const lines = outline(await page.locator("body").ariaSnapshot());
      must(lines.some((line) => line.startsWith("main")), `${title}: the tree has no main`);
      all.push(`# ${title}`, ...lines, "");
    }).catch((error) => wrong.push(`${title}: ${error.message}`));
  }
  must(wrong.length === 0, wrong.join("\n"));
  const text = `${all.join("\n")}`;
  if (process.env.UPDATE_DOCS === "1") writeFileSync(FILE, text);
  const known = existsSync(FILE) ? readFileSync(FILE, "utf8") : "";
  const [was, is] = [known.split("\n"), text.split("\n")];
  const at = is.findIndex((line, n) => line !== was[n]);
  const differs = at >= 0 ? at : is.length === was.length ? -1 : is.length;
  const heading = is.slice(0, differs + 1).reverse().find((line) => line.startsWith("#"));
  must(differs < 0, `a screen reader is told something else than tree.txt says, line ${differs + 1} (${heading}): "${is[differs]}" instead of "${was[differs]}". If that is right: UPDATE_DOCS=1`);
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, "a screen reader is told what the pages are");
