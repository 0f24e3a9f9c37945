// Every page in every state: filled, empty, refused, with texts as long as they may be; small and large.
//
//   node states.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP LONG_SHOP ROUTES OUT_DIR
//
// ROUTES are the addresses of all pages, as the program itself lists them: a page that has neither a state nor a reason
// why that state cannot occur fails, and so does a reason that nobody gives. Exit codes as those of phone.mjs.
import { checked, hasAxe } from "./checked.mjs";
import { Steps, attempt, must } from "./support.mjs";

const [base, login, shop, emptyShop, longShop, routes, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write("usage: node states.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP LONG_SHOP ROUTES OUT_DIR\n");
  process.exit(2);
}
const STATES = ["filled", "empty", "error", "long"];
const LANGUAGES = ["es", "pt", "en"];
/** Pages that people of a shop are on every day. */
const MAIN = ["/home", "/inbox", "/contacts", "/contacts/{tenant}/{who}", "/verdicts", "/verdicts/{tenant}/{id}", "/campaigns", "/templates", "/checklist"];
const LONG = "palabra-larguísima-sin-espacios-".repeat(6);
/** A pattern of pages, for whoever works on one of them; all when nothing is set. */
const only = process.env.PORTERO_STATES;
const steps = new Steps(out);
let page;

/** Why a state cannot occur. */
const NEVER = {
  "always-there": "what the page is about is never without content: a verdict has its reason, a conversation its message, a template its text",
  "operator-sees-shops": "the operator of a demo always has its shops; a host without shops shows what to do (`shop.none`)",
};

const at = (path, which = shop) => `${path}${path.includes("?") ? "&" : "?"}shop=${which}`;
/** The address of somebody who followed an old link. */
const gone = (path) => at(path, "tienda-que-no-existe");
const goneBelow = (path) => `${path}?x=1`;
const open = (path) => page.goto(new URL(path, base).href);
/** The first link of a list, without its language. */
const first = (list, link = "main a.row-card", nth = 0) => async () => {
  await open(list);
  const href = await page.locator(link).nth(nth).getAttribute("href");
  must(href, `${list}: no ${link}`);
  const address = new URL(href, base);
  address.searchParams.delete("lang");
  if (![...address.searchParams].length) address.searchParams.set("x", "1");
  return address.pathname + address.search;
};
const suffixed = (from, suffix) => async () => (await from()).replace(/(\?|$)/, `${suffix}$1`);
/** Texts that come from Meta or from a plugin, as long as those may make them: put in place of the demo's short ones. */
const stretch = (selector, words = LONG) => () => page.evaluate(([where, long]) => {
  const all = [...document.querySelectorAll(where)];
  if (!all.length) throw new Error(`nothing to stretch: ${where}`);
  for (const one of all) one.textContent = long;
}, [selector, words]);
/** At Meta a template's name has at most 512 letters without spaces. */
const TEMPLATE = "promocion_de_temporada_".repeat(22);
/** A title of a plugin has at most 80 letters. */
const TITLE = "Clientela-que-compra-mucho-y-muy-seguido-desde-hace-tiempo-".padEnd(80, "o");
/** Somebody asks for a person, then writes as much as WhatsApp lets them. */
const longTalk = async () => {
  if (longTalk.done) return;
  longTalk.done = true;
  await open(at("/phone"));
  const people = await (await page.request.get(new URL(`/console/phone/${shop}/people`, base).href)).json();
  const person = people.people[0].key;
  const say = async (text) => {
    const answer = await page.request.post(new URL(`/console/phone/${shop}/say`, base).href, { data: { person, message: { type: "text", text } }, headers: { "x-portero-console": "1", "sec-fetch-site": "same-origin" } });
    must(answer.ok(), `say answered ${answer.status()}: ${await answer.text()}`);
  };
  await say("quiero hablar con una persona");
  await page.waitForFunction(async (address) => (await (await fetch(address)).text()).includes("inbox-row"), at("/inbox"));
  await say(LONG.repeat(20).slice(0, 4000));
  await page.waitForFunction(async (address) => (await (await fetch(address)).text()).includes("palabra-larg"), at("/inbox"));
};
const waiting = async () => { await longTalk(); return first(at("/inbox"), "a.inbox-row")(); };
/** A campaign with its plan: made of the draft. */
const planned = async () => {
  const campaign = await first(at("/campaigns"))();
  await open(campaign);
  if (await page.locator("#act-plan button").count() && !(await page.locator("#plan").count())) {
    await page.locator("#act-plan button").click();
    await page.locator("#plan").waitFor();
  }
  return campaign;
};
/** Fills a form of the page that is open and sends it past the browser's own checks. */
const send = (form, fields) => async () => {
  const left = page.waitForNavigation();
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
  await left;
};
/** A file of people as a spreadsheet saves it, with a row that is not good. */
const FILE = "Teléfono;Nombre;Ciudad;Acepta\n+573006660001;José;Bogotá;sí\nnada;Eva;Cali;no\n";
/** A question that says all it has to. */
const QUESTION = "¿Quieres recibir ofertas de la tienda por WhatsApp, como mucho 2 por semana? Para parar escribe BAJA. Aviso: https://example.com/aviso";
/** Has a file checked on the page; ends on the page of the file. */
const bring = async (text, which = shop, name = "clientes.csv") => {
  await open(at("/imports", which));
  await page.locator("#upload [name=file]").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.locator("#do-upload").click();
  await page.waitForURL((address) => address.pathname.includes("/imports/"));
};
/** Who logs in with a password, under a name as long as it may be. */
const who = { name: `rosa-${"de-la-tienda-".repeat(9)}`.slice(0, 120), password: "" };
const logIn = async () => {
  if (who.in) return "/me?x=1";
  await page.context().clearCookies();
  await open("/login?lang=es");
  await page.locator("#name").fill(who.name);
  await page.locator("#password").fill(who.password);
  await page.keyboard.press("Enter");
  await page.waitForURL((address) => address.pathname === "/home");
  who.in = true;
  return "/me?x=1";
};
/** A state: an address, or how to find it, and what is done there; or why it cannot occur, a word of NEVER. */
const PAGES = {
  "/home": { filled: [at("/home")], empty: [at("/home", emptyShop)], error: [at("/home"), send(".home-stop", { reason: "" })], long: [at("/home", longShop)] },
  "/inbox": {
    filled: [async () => { await longTalk(); return at("/inbox"); }], empty: [at("/inbox", emptyShop)], error: [gone("/inbox")],
    long: [at("/inbox"), stretch(".inbox-row strong, .inbox-last")],
  },
  "/inbox/{tenant}/{who}": {
    filled: [waiting], empty: "always-there",
    error: [waiting, send(".inbox-form", { text: "" })],
    long: [waiting, stretch("h1, .inbox-line p")],
  },
  "/contacts": { filled: [at("/contacts")], empty: [at("/contacts", emptyShop)], error: [`${at("/contacts")}&after=nonsense`], long: [at("/contacts", longShop)] },
  "/contacts/{tenant}/{who}": {
    filled: [first(at("/contacts"))], empty: [first(at("/contacts", longShop))], error: [goneBelow(`/contacts/${shop}/con_nadie`)],
    long: [first(at("/contacts", longShop))],
  },
  "/contacts/{tenant}/{who}/erase": {
    filled: [suffixed(first(at("/contacts")), "/erase")], empty: [suffixed(first(at("/contacts", longShop)), "/erase")],
    error: [suffixed(first(at("/contacts")), "/erase"), () => Promise.all([page.waitForNavigation(), page.locator("#do-erase").click()])],
    long: [suffixed(first(at("/contacts", longShop)), "/erase")],
  },
  "/consents": { filled: [at("/consents")], empty: [at("/consents", emptyShop)], error: [`${at("/consents")}&since=nonsense`], long: [at("/consents", longShop)] },
  "/messages": { filled: [`${at("/messages")}&step=sent`], empty: [at("/messages", emptyShop)], error: [`${at("/messages")}&step=nonsense`], long: [at("/messages"), stretch("main .people-words", TEMPLATE)] },
  "/verdicts": { filled: [at("/verdicts")], empty: [at("/verdicts", emptyShop)], error: [`${at("/verdicts")}&who=nonsense`], long: [at("/verdicts"), stretch(".verdicts-head span", TEMPLATE)] },
  "/verdicts/{tenant}/{id}": {
    filled: [first(at("/verdicts"), "a.verdicts-row")], empty: "always-there", error: [goneBelow(`/verdicts/${shop}/dec_nada`)],
    long: [first(at("/verdicts"), "a.verdicts-row"), stretch("main dd", TEMPLATE)],
  },
  "/campaigns": { filled: [at("/campaigns")], empty: [at("/campaigns", emptyShop)], error: [gone("/campaigns")], long: [`${at("/campaigns")}&state=draft`] },
  "/campaigns/new": {
    filled: [at("/campaigns/new")], empty: [at("/campaigns/new", emptyShop)], error: [`${at("/campaigns/new")}&step=5`],
    long: [at("/campaigns/new"), stretch(".pick strong", TITLE)],
  },
  "/campaigns/{tenant}/{id}": {
    filled: [planned], empty: [first(at("/campaigns"), "main a.row-card", 0)], error: [goneBelow(`/campaigns/${shop}/cmp_nada`)], long: [first(`${at("/campaigns")}`)],
  },
  "/campaigns/{tenant}/{id}/people": {
    filled: [async () => { await open(await planned()); return first(page.url(), "#plan a.more")(); }],
    empty: [async () => `${(await planned()).replace(/\?.*/, "")}/people?planned=never&rule=template.paused`],
    error: [goneBelow(`/campaigns/${shop}/cmp_nada/people`)],
    long: [async () => { await open(await planned()); return first(page.url(), "#plan a.more")(); }, stretch("main .row-card strong, main .row-card code")],
  },
  "/segments": { filled: [at("/segments")], empty: [at("/segments", emptyShop)], error: [gone("/segments")], long: [at("/segments"), stretch("main a.row-card strong", TITLE)] },
  "/segments/{tenant}/{installation}/{segment}": {
    filled: [first(at("/segments"))], empty: [first(at("/segments"), "main a.row-card", 3)], error: [goneBelow(`/segments/${shop}/ins_nada/vip`)],
    long: [first(at("/segments")), stretch("h1, main .row-card strong", TITLE)],
  },
  "/templates": { filled: [at("/templates")], empty: [at("/templates", emptyShop)], error: [gone("/templates")], long: [at("/templates"), stretch("main a.row-card strong", TEMPLATE)] },
  "/templates/{tenant}/{waba}/{name}/{language}": {
    filled: [first(at("/templates"))], empty: "always-there", error: [goneBelow(`/templates/${shop}/1/no_existe/es`)],
    long: [first(at("/templates")), stretch("h1, main .said-text", TEMPLATE)],
  },
  "/plugins": { filled: [at("/plugins")], empty: [at("/plugins", emptyShop)], error: [gone("/plugins")], long: [at("/plugins"), stretch("main a.row-card strong", TITLE)] },
  "/plugins/{tenant}/{id}": {
    filled: [first(at("/plugins"))], empty: [first(at("/plugins"), "main a.row-card", 1)], error: [goneBelow(`/plugins/${shop}/ins_nada`)],
    long: [first(at("/plugins")), stretch("h1, #state", TITLE)],
  },
  "/figures": { filled: [at("/figures")], empty: [at("/figures", emptyShop)], error: [`${at("/figures")}&since=nonsense`], long: [at("/figures"), stretch("main h3", TITLE)] },
  "/phone": {
    filled: [at("/phone")], empty: [at("/phone", emptyShop)], error: [gone("/phone")],
    long: [async () => { await longTalk(); return at("/phone"); }],
  },
  "/phone/dials": {
    filled: [at("/phone/dials")], empty: [at("/phone/dials", emptyShop)], error: [at("/phone/dials"), send("#errors", { code: "42", times: "1" })],
    long: [at("/phone/dials"), stretch("option", TEMPLATE)],
  },
  "/webhooks": {
    filled: [at("/webhooks"), send("form.form", { url: "https://crm.example/portero", about: "CRM", events: "" })],
    empty: [at("/webhooks", emptyShop)],
    error: [at("/webhooks"), send("form.form", { url: "https://crm.example/", events: "no.such.event" })],
    long: [at("/webhooks", longShop), send("form.form", { url: `https://crm.example/${"una-direccion-muy-larga-sin-espacios/".repeat(6)}`, about: LONG.slice(0, 200), events: "" })],
  },
  "/webhooks/{tenant}/{id}": {
    filled: [first(at("/webhooks"))], empty: [first(at("/webhooks", longShop))], error: [goneBelow(`/webhooks/${shop}/hook_nada`)],
    long: [first(at("/webhooks", longShop))],
  },
  "/policy": {
    filled: [at("/policy")], empty: [at("/policy", emptyShop)], error: [at("/policy"), send("#edit", { promotional_per_week: "99" })],
    long: [at("/policy"), send("#edit", { "transactional_hours.0": LONG })],
  },
  "/retention": {
    filled: [at("/retention"), send("#edit", { "d.messages": "365", "d.events": "90" })], empty: [at("/retention", emptyShop)],
    error: [at("/retention"), send("#edit", { "d.messages": "3", "d.imports": LONG })], long: [at("/retention", longShop)],
  },
  "/tenants": { filled: ["/tenants?x=1"], empty: "operator-sees-shops", error: ["/tenants?one=tienda-que-no-existe&other=vacia"], long: ["/tenants?x=1"] },
  "/checklist": { filled: [at("/checklist")], empty: [at("/checklist", emptyShop)], error: [gone("/checklist")], long: [at("/checklist", longShop)] },
  "/checklist/asked": { filled: [at("/checklist/asked")], empty: [at("/checklist/asked", emptyShop)], error: [gone("/checklist/asked")], long: [at("/checklist/asked", longShop)] },
  "/numbers/new": {
    filled: [at("/numbers/new")], empty: [at("/numbers/new", emptyShop)],
    error: [at("/numbers/new", emptyShop), send("#connect", { app_secret: "x", phone_number_id: "4010", waba: "2010", display: "+57 601", access_token: "EAA-wrong" })],
    long: [at("/numbers/new"), send("#connect", { phone_number_id: LONG, waba: LONG, display: LONG })],
  },
  "/audit": { filled: ["/audit?x=1"], empty: ["/audit?who=nobody-is-called-like-this"], error: ["/audit?since=nonsense"], long: [`/audit?who=${LONG}`] },
  "/access": {
    filled: ["/access?x=1"], empty: ["/access?x=1"],
    error: ["/access?x=1", send("form.audit-form[action='/console/access/users']", { name: "con espacios", role: "operator" })],
    long: ["/access?x=1", async () => {
      await send("form.audit-form[action='/console/access/users']", { name: who.name, role: "owner" })();
      who.password = await page.locator("#secret").innerText();
    }],
  },
  "/sandbox": {
    filled: [at("/sandbox"), send("#add", { address: "+57 300 999 0001" })], empty: [at("/sandbox", emptyShop)],
    error: [at("/sandbox"), send("#add", { address: "mi número" })], long: [at("/sandbox", longShop), send("#add", { address: LONG })],
  },
  "/imports": {
    filled: [async () => { await bring(FILE); return at("/imports"); }], empty: [at("/imports", emptyShop)], error: [at("/imports"), send("#upload", {})],
    long: [async () => { await bring(FILE, longShop, `${LONG.slice(0, 180)}.csv`); return at("/imports", longShop); }],
  },
  "/imports/{tenant}/{id}": {
    filled: [async () => { await bring(FILE); return new URL(page.url()).pathname + "?x=1"; }],
    empty: [async () => { await bring("telefono\n"); return new URL(page.url()).pathname + "?x=1"; }],
    error: [async () => { await bring("a,b\n1,2\n"); return new URL(page.url()).pathname + "?x=1"; }],
    long: [async () => { await bring(`telefono,${LONG}\n${LONG},${LONG}\n`); return new URL(page.url()).pathname + "?x=1"; }],
  },
  "/wordings": {
    filled: [at("/wordings"), send("#keep", { name: "ofertas", body: QUESTION, yes: "Sí, quiero", no: "No", thanks: "Gracias.", max: "2", per: "week", language: "es" })],
    empty: [at("/wordings", emptyShop)], error: [at("/wordings"), send("#keep", { name: "dos palabras", body: "hola", max: "0" })],
    long: [at("/wordings", longShop), send("#keep", { name: LONG.replaceAll("í", "i").slice(0, 64), body: `${QUESTION} ${LONG}`, yes: "palabra-larguisima-x", no: "palabra-larguisima-y", thanks: LONG, max: "2", per: "week" })],
  },
  // By the link nobody has an account; then somebody logs in with a password.
  "/me": { empty: ["/me?x=1"], filled: [logIn], error: [logIn, send("form.sheet", { current: "no-es-esta-contrasena", new: "una-frase-bien-larga", again: "una-frase-bien-larga" })], long: [logIn] },
};

async function run() {
  if (!hasAxe) process.stdout.write("NOTE  axe-core is not installed: accessibility rules were NOT checked\n");
  await page.goto(login);
  const all = routes.split(" ");
  const missing = [...all.filter((path) => !PAGES[path]), ...Object.keys(PAGES).filter((path) => !all.includes(path))];
  must(missing.length === 0, `pages that are not in the table, or in it and not there: ${missing.join(", ")}`);
  const given = Object.entries(PAGES).flatMap(([path, states]) => STATES.filter((s) => typeof states[s] === "string" || !states[s]).map((s) => [path, s, states[s]]));
  const bare = given.filter(([, , why]) => !NEVER[why]).map(([path, state]) => `${path} × ${state}`);
  must(bare.length === 0, `neither a state nor a reason of the list why there is none: ${bare.join(", ")}`);
  const idle = Object.keys(NEVER).filter((why) => !given.some(([, , w]) => w === why));
  must(idle.length === 0, `reasons that no page gives: ${idle.join(", ")}`);
  const wrong = [];
  let seen = 0;
  for (const [place, [path, states]] of Object.entries(PAGES).entries()) {
    if (only && !new RegExp(only).test(path)) continue;
    for (const [turn, [state, how]] of Object.entries(states).entries()) {
      if (typeof how === "string") continue;
      // Each state in a language of its own, on a small screen and on a large one; the main pages in all three.
      const language = LANGUAGES[(place + turn) % LANGUAGES.length];
      // One state that is not good keeps nobody from seeing the others.
      const step = (name, act) => steps.step(name, act).catch((error) => { wrong.push(`${name}: ${error.message}`); process.stdout.write(`NOT ${name}\n`); });
      await step(`${path} ${state} (${language})`, async () => {
        await page.setViewportSize({ width: 360, height: 740 });
        const address = typeof how[0] === "function" ? await how[0]() : how[0];
        const answer = await open(`${address}&lang=${language}`);
        if (how[1]) await how[1]();
        must((await page.locator("html").getAttribute("lang")) !== null, `${path}: no page`);
        must(state === "error" || answer.ok(), `${path}: ${answer.status()}`);
        if (path === "/phone" && state !== "error") {
          await page.waitForFunction(() => document.getElementById("log").getAttribute("aria-busy") === "false");
        }
        if (state === "error") must((await page.locator("[role=alert], #said, .wrong").count()) > 0, `${path}: the refusal is not said`);
        const name = path.replace(/[{}]/g, "").split("/").filter(Boolean).join("_");
        await checked(page, out, `${name}-${state}-${language}-360`, language);
        // The same page on a large screen: what was done on it is done once.
        await page.setViewportSize({ width: 1280, height: 860 });
        await checked(page, out, `${name}-${state}-${language}-1280`, language);
        if (MAIN.includes(path) && state === "filled" && !how[1]) {
          await page.setViewportSize({ width: 360, height: 740 });
          for (const other of LANGUAGES.filter((l) => l !== language)) {
            await open(`${address}&lang=${other}`);
            await checked(page, out, `${name}-${state}-${other}-360`, other);
          }
        }
        seen += 1;
      });
    }
  }
  must(wrong.length === 0, wrong.join("\n"));
  process.stdout.write(`${seen} states of ${all.length} pages seen; cannot occur:\n${given.map(([p, s, why]) => `  ${p} × ${s}: ${NEVER[why]}`).join("\n")}\n`);
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, "every page in every state it has");
