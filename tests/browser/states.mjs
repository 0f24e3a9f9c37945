// Every page of the menu in every state: filled, empty, refused, with texts as long as they may be; small and large.
//
//   node states.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP LONG_SHOP OUT_DIR
//
// The table says for each page how it comes into a state, or why it has none; what it has not is reported. A page of the
// menu that is not in the table fails. Exit codes as those of phone.mjs.
import { checked, hasAxe } from "./checked.mjs";
import { Steps, attempt, must } from "./support.mjs";

const [base, login, shop, emptyShop, longShop, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write("usage: node states.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP LONG_SHOP OUT_DIR\n");
  process.exit(2);
}
const STATES = ["filled", "empty", "error", "long"];
const LANGUAGES = ["es", "pt", "en"];
const LONG = "palabra-larguísima-sin-espacios-".repeat(6);
const steps = new Steps(out);
let page;

const at = (path, which = shop) => `${path}?shop=${which}`;
/** Fills a form of the page that is open and sends it past the browser's own checks. */
const send = (form, fields) => async () => {
  const gone = page.waitForNavigation();
  await page.locator(form).first().evaluate((element, values) => {
    element.noValidate = true;
    for (const [name, value] of Object.entries(values)) {
      const field = element.querySelector(`[name="${name}"]`);
      field.removeAttribute("maxlength");
      field.type = field.type === "number" ? "text" : field.type;
      field.value = value;
    }
    // After this has answered: the page that asked goes away with it.
    setTimeout(() => element.submit());
  }, fields);
  await gone;
};
/** A state: an address, and what is done there. A string alone that begins otherwise says why there is none. */
const PAGES = {
  "/home": {
    filled: [at("/home")],
    empty: [at("/home", emptyShop)],
    error: [at("/home"), send(".home-stop", { reason: "" })],
    long: [at("/home", longShop)],
  },
  "/inbox": {
    filled: [at("/inbox")],
    empty: [at("/inbox", emptyShop)],
    error: "a list without a form: nothing to refuse",
    long: [at("/inbox", longShop)],
  },
  "/contacts": {
    filled: [at("/contacts")],
    empty: [at("/contacts", emptyShop)],
    error: [`${at("/contacts")}&after=nonsense`],
    long: [at("/contacts", longShop)],
  },
  "/consents": {
    filled: [at("/consents")],
    empty: [at("/consents", emptyShop)],
    error: [`${at("/consents")}&since=nonsense`],
    long: [`${at("/consents", longShop)}`],
  },
  "/verdicts": {
    filled: [at("/verdicts")],
    empty: [at("/verdicts", emptyShop)],
    error: [`${at("/verdicts")}&who=nonsense`],
    long: "reasons are the house's own sentences; people stand there by their id",
  },
  "/campaigns": {
    filled: [at("/campaigns")],
    empty: [at("/campaigns", emptyShop)],
    error: [`${at("/campaigns/new")}&step=5`],
    long: [`${at("/campaigns")}&state=draft`],
  },
  "/segments": {
    filled: [at("/segments")],
    empty: [at("/segments", emptyShop)],
    error: "no form that takes anything",
    long: "titles of segments are the plugin's; none of the demo's is long",
  },
  "/templates": {
    filled: [at("/templates")],
    empty: [at("/templates", emptyShop)],
    error: "needs a Meta that does not answer, which the demo has not",
    long: "names and texts are Meta's; none of the demo's is long",
  },
  "/plugins": {
    filled: [at("/plugins")],
    empty: [at("/plugins", emptyShop)],
    error: "a list without a form: nothing to refuse",
    long: "names of plugins are short by rule",
  },
  "/figures": {
    filled: [at("/figures")],
    empty: [at("/figures", emptyShop)],
    error: [`${at("/figures")}&since=nonsense`],
    long: "cards are the plugin's; none of the demo's is long",
  },
  "/phone": {
    filled: [at("/phone")],
    empty: [at("/phone", emptyShop)],
    error: "phone.mjs brings it about (the host away, a refused word)",
    long: "phone.mjs writes one",
  },
  "/webhooks": {
    filled: [at("/webhooks"), send("form.form", { url: "https://crm.example/portero", about: "CRM", events: "" })],
    empty: [at("/webhooks", emptyShop)],
    error: [at("/webhooks"), send("form.form", { url: "https://crm.example/", events: "no.such.event" })],
    long: [at("/webhooks", longShop), send("form.form", { url: `https://crm.example/${"una-direccion-muy-larga-sin-espacios/".repeat(6)}`, about: LONG.slice(0, 200), events: "" })],
  },
  "/tenants": {
    filled: ["/tenants"],
    empty: "the operator always has the shops of the demo",
    error: "a list without a form: nothing to refuse",
    long: ["/tenants"],
  },
  "/checklist": {
    filled: [at("/checklist")],
    empty: [at("/checklist", emptyShop)],
    error: "needs a Meta that does not answer, which the demo has not",
    long: [at("/checklist", longShop)],
  },
  "/audit": {
    filled: ["/audit?x=1"],
    empty: ["/audit?who=nobody-is-called-like-this"],
    error: ["/audit?since=nonsense"],
    long: [`/audit?who=${LONG}`],
  },
  "/access": {
    filled: ["/access?x=1"],
    empty: "whoever looks has a token: the list is never empty",
    error: ["/access?x=1", send("form.audit-form[action='/console/access/users']", { name: "con espacios", role: "operator" })],
    long: ["/access?x=1", send("form.audit-form[action='/console/access/tokens']", { label: LONG.slice(0, 190), role: "viewer", days: "3" })],
  },
  "/me": {
    filled: "forms.mjs logs in with a password; who comes in by the link has none",
    empty: ["/me?x=1"],
    error: "forms.mjs types a wrong password",
    long: "nothing on it is free text",
  },
  "/policy": "a page of its own test",
};

async function run() {
  if (!hasAxe) process.stdout.write("NOTE  axe-core is not installed: accessibility rules were NOT checked\n");
  await page.goto(login);
  const menu = await page.locator("nav.pages a").evaluateAll((all) => all.map((a) => new URL(a.href).pathname));
  const missing = menu.filter((path) => !PAGES[path]);
  must(missing.length === 0, `pages of the menu that are not in the table: ${missing.join(", ")}`);
  const lacks = [];
  const wrong = [];
  let seen = 0;
  for (const [place, path] of menu.entries()) {
    for (const [turn, state] of STATES.entries()) {
      const how = typeof PAGES[path] === "string" ? PAGES[path] : PAGES[path][state];
      if (typeof how === "string") {
        lacks.push(`${path} × ${state}: ${how}`);
        continue;
      }
      // Each state in a language of its own; the small screen always, the large one beside it.
      const language = LANGUAGES[(place + turn) % LANGUAGES.length];
      // One state that is not good keeps nobody from seeing the others.
      const step = (name, act) => steps.step(name, act).catch((error) => wrong.push(`${name}: ${error.message}`));
      await step(`${path} ${state} (${language})`, async () => {
        for (const [size, width, height] of [["360", 360, 740], ["1280", 1280, 860]]) {
          await page.setViewportSize({ width, height });
          await page.goto(new URL(`${how[0]}&lang=${language}`.replace("/tenants&", "/tenants?"), base).href);
          if (how[1] && size === "360") await how[1]();
          else if (how[1]) continue;
          must((await page.locator("html").getAttribute("lang")) !== null, `${path}: no page`);
          if (path === "/phone") {
            await page.waitForFunction(() => document.getElementById("log").getAttribute("aria-busy") === "false");
          }
          await checked(page, out, `${path.slice(1)}-${state}-${language}-${size}`, language);
          if (state === "error") must((await page.locator("[role=alert], #said, .wrong").count()) > 0, `${path}: the refusal is not said`);
        }
        seen += 1;
      });
    }
  }
  must(wrong.length === 0, wrong.join("\n"));
  process.stdout.write(`${seen} states of ${menu.length} pages seen; without:\n${lacks.map((l) => `  ${l}`).join("\n")}\n`);
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, "every page in every state it has");
