// The first page, people and the ledger of consent in a real browser, after the demo's day.
//
//   node home.mjs BASE_URL LOGIN_URL OUT_DIR
//
// Three languages and two sizes; with the keyboard alone; kept fresh without losing what is typed; and
// without a script. Exit codes as those of phone.mjs.
import { Steps, attempt, axeSource, must } from "./support.mjs";

const [base, login, out] = process.argv.slice(2);
if (!base || !login || !out) {
  process.stderr.write("usage: node home.mjs BASE_URL LOGIN_URL OUT_DIR\n");
  process.exit(2);
}
const SIZES = [["1280", 1280, 860], ["360", 360, 740]];
const TITLES = {
  "/home": { es: "Inicio", pt: "Início", en: "Home" },
  "/contacts": { es: "Personas", pt: "Pessoas", en: "People" },
  "/consents": { es: "Permisos", pt: "Permissões", en: "Consents" },
};
const axe = axeSource();
const steps = new Steps(out);
let page;

async function fits(where) {
  const { wide, inner, culprit, small } = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    const over = [...document.querySelectorAll("body *")].find((n) => n.getBoundingClientRect().right > limit + 1 && !n.closest(".sr, .pages, [hidden]") && getComputedStyle(n).position !== "absolute");
    const short = [...document.querySelectorAll("main button, main input:not([type=hidden]), main select, main summary, main a.button, main a.home-count")].filter((n) => n.offsetParent && n.getBoundingClientRect().height < 40);
    return { wide: document.documentElement.scrollWidth, inner: limit, culprit: over ? over.outerHTML.slice(0, 160) : "", small: short.map((n) => n.outerHTML.slice(0, 100)).join(" ") };
  });
  must(wide <= inner && !culprit, `${where}: ${wide} px wide in ${inner} px; ${culprit}`);
  must(!small, `${where}: too small for a finger: ${small}`);
}
async function accessible(where) {
  if (!axe) return;
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes.slice(0, 2).map((n) => n.target.join(" ")).join(", ")}`));
  must(violations.length === 0, `axe (${where}): ${violations.join(" | ")}`);
}
async function worded(where, language) {
  must((await page.locator("html").getAttribute("lang")) === language, `${where}: another language`);
  const text = await page.evaluate(() => {
    const copy = document.body.cloneNode(true);
    for (const own of copy.querySelectorAll("code, blockquote, .people-words")) own.remove();
    return copy.textContent;
  });
  const key = /\b(home|person|ledger|frame|fate|source|consent|promise|event|owner|window)\.[a-z_]+\b/.exec(text);
  must(!key, `${where}: the key ${key} is shown instead of its words`);
  const unfilled = /\{[a-z]+\}/.exec(text);
  must(!unfilled, `${where}: an unfilled place: ${unfilled}`);
}
/** A state of a page: fits, reads, and is photographed as a whole. */
async function good(where, language) {
  await fits(where);
  await worded(where, language);
  await accessible(where);
  await page.screenshot({ path: `${out}/${where}.png`, fullPage: true });
}
const open = async (path) => {
  const response = await page.goto(new URL(path, base).href);
  must(response.ok(), `${path} answered ${response.status()}`);
};

async function run() {
  if (!axe) process.stdout.write("NOTE  axe-core is not installed: accessibility rules were NOT checked\n");
  await steps.step("the login link leads to the first page", async () => {
    await page.goto(login);
    await page.waitForURL((address) => address.pathname === "/home");
  });

  let person;
  await steps.step("somebody the shop knows is found", async () => {
    await open("/contacts?lang=es");
    const first = page.locator("#found a.row-card").first();
    person = new URL(await first.getAttribute("href"), base).pathname;
  });

  for (const language of ["es", "pt", "en"]) {
    for (const [size, width, height] of SIZES) {
      await steps.step(`${language}, ${size} px: home, people, one person, consents`, async () => {
        await page.setViewportSize({ width, height });
        for (const path of Object.keys(TITLES)) {
          await open(`${path}?lang=${language}`);
          must((await page.locator("h1").innerText()) === TITLES[path][language], `${path}: another title`);
          await good(`${path.slice(1)}-${language}-${size}`, language);
        }
        await open(`${person}?lang=${language}`);
        must((await page.locator("#timeline > li").count()) > 0, "nothing happened with this person");
        await page.locator("details > summary").first().click();
        await good(`person-${language}-${size}`, language);
        await open(`/contacts?lang=${language}&q=nobody-is-called-like-this`);
        await good(`people-none-${language}-${size}`, language);
        await open(`/consents?lang=${language}&check=1`);
        must((await page.locator("#chain").getAttribute("data-tone")) === "ok", "the chain does not hold");
        await page.locator("#rows details > summary").first().click();
        await good(`chain-${language}-${size}`, language);
      });
    }
  }

  await steps.step("with the keyboard everything is stopped, with a long reason, and goes on", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open("/home?lang=es");
    await page.locator("select[name=scope]").focus();
    await page.locator("select[name=scope]").selectOption("all");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Precio equivocado en la campaña de la semana; esperamos a que la dueña lo confirme ".repeat(4) + "x".repeat(80));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL((address) => address.searchParams.get("said") === "stopped");
    must((await page.locator(".home-thrown").count()) === 1, "the page does not say that it is stopped");
    await good("home-stopped-360", "es");
    await page.locator(".home-thrown button").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL((address) => address.searchParams.get("said") === "resumed");
    must((await page.locator(".home-thrown").count()) === 0, "it is still stopped");
    await good("home-resumed-360", "es");
  });

  await steps.step("the page keeps itself fresh and leaves alone what somebody types", async () => {
    await open("/home?lang=es");
    const shop = new URL(await page.locator(".home-stop").getAttribute("action"), base).pathname.split("/")[3];
    const act = (what, reason) => page.request.post(new URL(`/console/home/${shop}/${what}`, base).href, { form: { scope: "shop", reason }, headers: { "sec-fetch-site": "same-origin" } });
    const field = page.locator(".home-stop input[name=reason]");
    await field.fill("lo que estoy escrib");
    await act("stop", "desde otra ventana");
    await page.locator(".home-thrown").waitFor();
    must((await field.inputValue()) === "lo que estoy escrib", "what was typed is gone");
    must(await field.evaluate((f) => f === document.activeElement), "the focus is gone");
    await act("resume", "");
    await page.locator(".home-thrown").waitFor({ state: "detached" });
  });

  await steps.step("what happens before the stream's first greeting is not missed, and what is typed stays", async () => {
    const own = { headers: { "x-portero-console": "1", "sec-fetch-site": "same-origin" } };
    const { people } = await (await page.request.get(new URL("/console/phone/tienda-sol/people", base).href)).json();
    const person = people[0];
    const says = async (text) => {
      const answer = await page.request.post(new URL("/console/phone/tienda-sol/say", base).href, { data: { person: person.key, message: { type: "text", text } }, ...own });
      must(answer.ok(), `say answered ${answer.status()}`);
    };
    await open("/inbox?lang=es&shop=tienda-sol");
    await says("quiero hablar con una persona");
    const row = page.locator("a.inbox-row", { hasText: person.name }).first();
    await row.waitFor();
    const talk = await row.getAttribute("href");
    const late = async (path, text, where, meanwhile = async () => {}) => {
      let go;
      const held = new Promise((resolve) => { go = resolve; });
      await page.route("**/console/events", async (route) => { await held; await route.continue(); });
      await open(path);
      await meanwhile();
      await says(text);
      // It is there for whoever asks now; the stream has not begun.
      await page.waitForFunction(async ([address, words]) => (await (await fetch(address)).text()).includes(words), [path, text]);
      go();
      await page.locator(where, { hasText: text }).waitFor();
      await page.unroute("**/console/events");
    };
    await late("/inbox?lang=es&shop=tienda-sol", "esto llegó antes del saludo", ".inbox-last");
    await page.waitForFunction(() => document.getElementById("fresh").textContent === "La página se actualizó.");
    await late(talk, "y esto en la conversación", ".inbox-line", () => page.locator("#answer").fill("lo que estoy escrib"));
    must((await page.locator("#answer").inputValue()) === "lo que estoy escrib", "what was typed is gone");
  });

  await steps.step("a consent is withdrawn with its reason, and cannot be without", async () => {
    await open("/consents?lang=es&kind=granted");
    const granted = page.locator("#rows a.more[href^='/contacts/']").first();
    await granted.click();
    await page.locator("#consent-title").waitFor();
    const form = page.locator("#consent form.form").last();
    await page.locator("#consent > details > summary").click();
    await form.locator("input[name=reason]").fill("lo pidió por teléfono");
    await form.locator("button").click();
    await page.waitForURL((address) => address.searchParams.get("said") === "withdrawn");
    must((await page.locator("#timeline").innerText()).includes("lo pidió por teléfono"), "the row is not in the line of time");
    await good("person-withdrawn-360", "es");
  });
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, `home, people and consents work; screenshots: ${out}`);
