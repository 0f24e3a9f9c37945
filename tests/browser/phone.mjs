// End-to-end test of the simulator phone in a real browser, against a running host.
//
//   node phone.mjs BASE_URL LOGIN_URL OUT_DIR
//
// Writes, taps, opts out and jumps as a newcomer would, in three languages and two sizes; waits
// for states with a deadline, never for a while. Exit code 0: all seen. 1: a step failed (named,
// with OUT_DIR/failure.png). 2: wrong usage. 3: Node packages or the browser are missing.
import { Steps, attempt, axeSource, must } from "./support.mjs";

const [base, login, out] = process.argv.slice(2);
if (!base || !login || !out) {
  process.stderr.write("usage: node phone.mjs BASE_URL LOGIN_URL OUT_DIR\n");
  process.exit(2);
}
const SIZES = [["1280", 1280, 860], ["360", 360, 740]];
const LANGUAGES = ["es", "pt", "en"];
const axe = axeSource();
const steps = new Steps(out);
let page;
let words;

// ---- Reading the page --------------------------------------------------------------------------

/** Waits until `look` (run in the page) answers with something true, and gives it back. */
async function until(what, look, argument) {
  try {
    return await (await page.waitForFunction(look, argument, { polling: 100 })).jsonValue();
  } catch (error) {
    if (error.name === "TimeoutError") throw new Error(`did not come: ${what}`);
    throw error;
  }
}
async function open(query) {
  await page.goto(new URL("/phone?" + new URLSearchParams(query), base).href);
  words = JSON.parse(await page.evaluate(() => document.body.dataset.words));
  await ready();
}
async function ready() {
  await until("the conversation", () => document.getElementById("log").getAttribute("aria-busy") === "false"
    && !document.getElementById("people").hasAttribute("aria-busy") && document.querySelector(".writer[aria-current]") && document.getElementById("phone-sub").textContent);
}
const people = () => page.evaluate(() => [...document.querySelectorAll(".writer")].map((w) => ({
  key: w.dataset.person, refused: Number(w.dataset.refused), name: w.querySelector(".person-name").textContent,
})));
async function choose(person) {
  const fold = page.locator("#people-fold");
  if (!(await fold.evaluate((f) => f.open))) await fold.locator("summary").click();
  await page.locator(`.writer[data-person="${person.key}"]`).click();
  await until(`the phone of ${person.name}`, (name) => document.getElementById("phone-sub").textContent.includes(name)
    && document.getElementById("log").getAttribute("aria-busy") === "false", person.name);
}
/** Keys of the rows shown, to tell new ones from those before. */
const keys = () => page.evaluate(() => [...document.querySelectorAll("#items > .row")].map((r) => r.dataset.key));
/** A new business message that is on the phone and carries its verdict. */
async function answer(before, what) {
  return until(`${what}: a business message on the phone with its verdict`, (known) => {
    const row = [...document.querySelectorAll("#items > .row.business[data-reached='true']")].find((r) => !known.includes(r.dataset.key));
    const card = row && row.querySelector(".card[data-fate='allowed']");
    return card && { key: row.dataset.key, chip: card.querySelector(".chip").textContent, text: row.querySelector(".bubble").innerText };
  }, before);
}
async function say(text) {
  const before = await keys();
  await page.locator("#text").fill(text);
  await page.locator("#text").press("Enter");
  await until(`what was written: ${text.slice(0, 40)}`, ([known, wanted]) =>
    [...document.querySelectorAll("#items > .row.person")].some((r) => !known.includes(r.dataset.key) && r.innerText.includes(wanted)), [before, text.slice(0, 40)]);
  return before;
}

// ---- Checks made everywhere --------------------------------------------------------------------

async function noSidewaysScroll(where) {
  const { wide, inner, culprit } = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    const over = [...document.querySelectorAll("body *")].find((n) => n.getBoundingClientRect().right > limit + 1 && !n.closest(".sr, .sprite, .pages, [hidden]") && getComputedStyle(n).position !== "absolute");
    return { wide: document.documentElement.scrollWidth, inner: limit, culprit: over ? over.outerHTML.slice(0, 120) : "" };
  });
  must(wide <= inner && !culprit, `${where}: ${wide} px wide in ${inner} px; ${culprit}`);
}
/** Every word of the page is a word: no key, no unfilled place, nothing left in another language. */
async function translated(language) {
  must((await page.locator("html").getAttribute("lang")) === language, `the page does not say it is ${language}`);
  const text = await page.evaluate(() => {
    const copy = document.body.cloneNode(true);
    for (const own of copy.querySelectorAll("code, .bubble, .quote, .sentence, .finding, .remedy, select, noscript")) own.remove();
    const labels = [...document.querySelectorAll("[aria-label], [title], [placeholder]")].flatMap((n) => ["aria-label", "title", "placeholder"].map((a) => n.getAttribute(a) || ""));
    return copy.textContent + "\n" + labels.join("\n");
  });
  for (const key of Object.keys(words)) must(!text.includes(key), `the key ${key} is shown instead of its words (${language})`);
  const unfilled = /\{[a-z]+\}/.exec(text);
  must(!unfilled, `an unfilled place: ${unfilled}`);
  must((await page.locator("h1").innerText()) === words["page.title"], `the title is not in ${language}`);
  return words["page.title"];
}
async function accessible(where) {
  if (!axe) return;
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes.slice(0, 2).map((n) => n.target.join(" ")).join(", ")}`));
  must(violations.length === 0, `axe (${where}): ${violations.join(" | ")}`);
}

// ---- The test ----------------------------------------------------------------------------------

async function run() {
  if (!axe) process.stdout.write("NOTE  axe-core is not installed: accessibility rules were NOT checked\n");
  await steps.step("the login link opens the pages", async () => {
    const response = await page.goto(login);
    must(response.ok(), `the login link answered ${response.status()}`);
    await page.waitForURL((address) => address.pathname === "/home");
    await open({ lang: "es" });
  });

  await steps.step("the page comes with its policy and its files with a version", async () => {
    const response = await page.request.get(new URL("/phone?lang=es", base).href);
    must(response.ok(), `/phone answered ${response.status()}`);
    const policy = response.headers()["content-security-policy"] || "";
    must(policy.includes("default-src 'none'") && !policy.includes("unsafe"), `the policy is: ${policy}`);
    for (const name of ["phone.js", "phone.css"]) {
      const address = new URL("/console/assets/" + name, base).href;
      const first = await page.request.get(address);
      const again = await page.request.get(address, { headers: { "if-none-match": first.headers().etag || "" } });
      must(first.status() === 200 && again.status() === 304, `${name}: ${first.status()}, then ${again.status()} instead of 304`);
    }
  });

  const titles = new Set();
  for (const language of LANGUAGES) {
    for (const [name, width, height] of SIZES) {
      await steps.step(`in ${language} at ${name} px: translated, nothing sticks out, accessible`, async () => {
        await page.setViewportSize({ width, height });
        await open({ lang: language });
        titles.add(await translated(language));
        await noSidewaysScroll(`${language} ${name}`);
        await accessible(`${language} ${name}`);
        await steps.shot(`page-${language}-${name}`);
      });
    }
  }
  must(titles.size === LANGUAGES.length, "two languages have the same title");

  await page.setViewportSize({ width: 1280, height: 860 });
  await open({ lang: "es" });
  await page.locator("#shop").selectOption(await page.locator("#shop option[data-language='es']").first().getAttribute("value"));
  await ready();
  const everybody = await people();
  must(everybody.length > 1, "fewer than two people to write as");

  let someone;
  await steps.step("whoever writes is answered, and the answer carries its verdict", async () => {
    for (const person of everybody) {
      await choose(person);
      // A conversation that a person holds has no bot to answer.
      if (await page.locator("#pill-owner[data-kind='bot']").count()) { someone = person; break; }
    }
    must(someone, "every conversation is held by a person");
    await page.evaluate(() => { document.getElementById("announce").textContent = ""; });
    const reply = await answer(await say("hola"), "hola");
    must(reply.chip.includes(words["fate.allowed"]), `the chip says: ${reply.chip}`);
    must((await page.locator("#text").inputValue()) === "", "the field still holds what was sent");
    must((await page.locator("#pill-window").getAttribute("data-kind")) === "open", "the window is not open after a message");
    await until("a spoken notice of the answer", () => document.getElementById("announce").textContent.length > 0);
    await steps.shot("answered");
  });

  await steps.step("a dial turned by hand is seen in the phone: Meta takes an answer and fails it afterwards", async () => {
    await page.setViewportSize({ width: 1280, height: 860 });
    await open({ lang: "es" });
    await page.locator("#act-dials").click();
    await page.locator("#errors input[name=code]").fill("131026");
    await page.locator("#errors input[name=times]").fill("1");
    await page.locator("#errors select[name=mode]").selectOption("async");
    await page.locator("#errors button").click();
    await page.locator("#did").waitFor();
    must((await page.locator("#errors .notice").innerText()).includes("131026"), "the dial does not say what waits");
    for (const [name, width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      await noSidewaysScroll(`dials ${name}`);
      await accessible(`dials ${name}`);
      await steps.shot(`dials-${name}`);
    }
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.locator(".frame-back").click();
    words = JSON.parse(await page.evaluate(() => document.body.dataset.words));
    await ready();
    const before = await say("hola");
    const told = await until("the answer that Meta failed", (known) => {
      const row = [...document.querySelectorAll("#items > .row.business")].find((r) => !known.includes(r.dataset.key) && r.querySelector(".card[data-fate='failed']"));
      return row && row.innerText;
    }, before);
    must(told.includes(words["fate.failed"]), `the phone says: ${told}`);
    await steps.shot("dials-effect");
    // The dial is at rest again: the next answer comes.
    await answer(await say("hola otra vez"), "after the dial");
  });

  await steps.step("buttons and menu rows of the bot can be tapped", async () => {
    let listed = false;
    // The greeting has buttons; one of them leads to the menu.
    for (let turn = 0; turn < 4 && !listed; turn += 1) {
      const row = page.locator("#items > .row.business[data-reached='true']").filter({ has: page.locator("button.tap:not([disabled])") }).last();
      must(await row.count(), "the bot's answer has nothing to tap");
      const tap = row.locator("button.tap:not([disabled])").last();
      const before = await keys();
      await tap.press("Enter");
      if ((await tap.getAttribute("data-list")) !== null) {
        listed = true;
        await page.locator("#menu[open]").waitFor();
        await accessible("menu");
        await steps.shot("menu");
        await page.keyboard.press("Escape");
        await page.locator("#menu").waitFor({ state: "hidden" });
        // The browser tells the page of the closing after it has closed.
        await until("the focus is back on the list's button", () => document.activeElement.dataset.list !== undefined);
        await tap.press("Enter");
        await page.locator(".menu-row").first().press("Enter");
      }
      await until("the tap on the phone", (known) => [...document.querySelectorAll("#items > .row.person")].some((r) => !known.includes(r.dataset.key)), before);
      await answer(before, "tap");
      await steps.shot(`tapped-${turn + 1}`);
    }
    must(listed, "no menu came up in four taps");
  });

  await steps.step("an order, a block, a report, a username and what Meta posted", async () => {
    const before = await keys();
    await page.locator("#act-order").click();
    await until("the order on the phone", (known) => [...document.querySelectorAll("#items > .row.person")].some((r) => !known.includes(r.dataset.key)), before);
    // The post comes a moment after the message: asked for again until it is there.
    const raw = page.locator("#items > .row.person [data-raw]").last();
    const wamid = await raw.getAttribute("data-raw");
    await page.waitForFunction(async ([address, id]) => (await (await fetch(`${address}?message=${encodeURIComponent(id)}`)).json()).posts.length > 0,
      [`/console/phone/${await page.locator("#shop").inputValue()}/webhooks`, wamid]);
    await raw.press("Enter");
    await page.locator("#menu[open] pre.raw").first().waitFor();
    must((await page.locator("#menu pre.raw").first().innerText()).includes(wamid), "the post does not name the message");
    await accessible("raw");
    await steps.shot("raw");
    await page.keyboard.press("Escape");
    await page.locator("#menu").waitFor({ state: "hidden" });
    await until("the focus is back on the button of what was posted", () => document.activeElement.dataset.raw !== undefined);
    await page.locator("#act-report").click();
    await until("the shop as blocked", (word) => document.getElementById("act-block").textContent.includes(word), words["acts.unblock"]);
    await page.locator("#act-block").click();
    await until("the shop as unblocked", (word) => document.getElementById("act-block").textContent.includes(word), words["acts.block"]);
    await page.locator("#act-username").click();
    await page.locator("#ask-field").fill("ana.prueba");
    await accessible("username");
    await page.locator("#ask-do").click();
    await page.locator("#menu").waitFor({ state: "hidden" });
    must(await page.locator("#banner").isHidden(), "a fault is shown");
  });

  await steps.step("a conversation handed to a person is given back to the bot", async () => {
    await say("quiero hablar con una persona");
    await until("a person as the owner", () => document.getElementById("pill-owner").dataset.kind === "human");
    await steps.shot("handed-over");
    await page.locator("#give-back").click();
    await until("the bot as the owner", () => document.getElementById("pill-owner").dataset.kind === "bot");
    must(!(await page.locator("#give-back").count()), "the button is still there");
  });

  await steps.step("a list of verdicts says what is new and moves nothing", async () => {
    const shop = await page.locator("#shop").inputValue();
    const person = await page.evaluate(() => document.querySelector(".writer[aria-current]").dataset.person);
    await page.goto(new URL(`/verdicts?lang=es&shop=${shop}`, base).href);
    const rows = () => page.evaluate(() => [...document.querySelectorAll("[data-news] > [data-id]")].map((row) => row.dataset.id));
    const before = await rows();
    const answer = await page.request.post(new URL(`/console/phone/${shop}/say`, base).href, { data: { person, message: { type: "text", text: "hola" } }, headers: { "x-portero-console": "1", "sec-fetch-site": "same-origin" } });
    must(answer.ok(), `say answered ${answer.status()}`);
    await page.locator("#news a").waitFor();
    must(/^Nuevo: \d+\+?\. Mostrar$/.test(await page.locator("#news").innerText()), `it says: ${await page.locator("#news").innerText()}`);
    must((await rows()).join() === before.join(), "the rows moved by themselves");
    await accessible("news");
    await page.locator("#news a").click();
    await page.waitForFunction((known) => { const row = document.querySelector("[data-news] > [data-id]"); return row && row.dataset.id !== known; }, before[0]);
    await open({ lang: "es", shop });
    await ready();
  });

  await steps.step("verdicts: filters, one in full, judged again", async () => {
    const shop = await page.locator("#shop").inputValue();
    const list = (more) => new URL("/verdicts?" + new URLSearchParams({ shop, ...more }), base).href;
    const whole = async (where, language) => {
      must((await page.locator("html").getAttribute("lang")) === language, `${where} does not say it is ${language}`);
      const text = await page.evaluate(() => document.body.innerText);
      must(!/explore\.[a-z]|purpose\.[a-z]|\{[a-z]+\}/.test(text), `${where}: a key or an unfilled place is shown`);
      await noSidewaysScroll(where);
      await accessible(where);
    };
    const rows = page.locator(".verdicts-row");
    for (const [name, width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      for (const language of LANGUAGES) {
        await page.goto(list({ lang: language }));
        await rows.first().waitFor();
        must(await page.locator(".verdicts-reason").count(), "no reasons over time");
        await whole(`verdicts ${language} ${name}`, language);
        await steps.shot(`verdicts-${language}-${name}`);
        await page.goto(list({ lang: language, since: "2000-01-01", until: "2000-01-02" }));
        must(!(await rows.count()), "there are verdicts of the year 2000");
        await whole(`no verdicts ${language} ${name}`, language);
        await page.goto(list({ lang: language, verdict: "deny" }));
        await rows.first().click();
        await page.locator(".verdicts-finding").first().waitFor();
        await whole(`verdict ${language} ${name}`, language);
        await steps.shot(`verdict-${language}-${name}`);
      }
    }
    // By keyboard: the form, then judging again; a message that was stopped never looks like a failure.
    await page.goto(list({ lang: "es" }));
    await page.locator("select[name=verdict]").selectOption("deny");
    await page.locator(".verdicts-filters button").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL((address) => address.searchParams.get("verdict") === "deny");
    const chips = await page.locator(".verdicts-row .verdicts-chip").evaluateAll((all) => all.map((c) => c.dataset.verdict));
    must(chips.length && chips.every((c) => c === "deny"), `the filter shows ${chips}`);
    await rows.first().focus();
    await page.keyboard.press("Enter");
    await page.locator("#again").focus();
    await page.keyboard.press("Enter");
    await page.locator("#now .verdicts-chip").waitFor();
    await whole("judged again", "es");
    await page.setViewportSize({ width: 1280, height: 860 });
    await open({ lang: "es" });
    await page.locator("#shop").selectOption(shop);
    await ready();
    await choose(someone);
  });

  await steps.step("the inbox of people: who waits, an answer through the gate, given back", async () => {
    await say("quiero hablar con una persona");
    await until("a person as the owner", () => document.getElementById("pill-owner").dataset.kind === "human");
    const shop = await page.locator("#shop").inputValue();
    const inbox = (language) => new URL("/inbox?" + new URLSearchParams({ lang: language, shop }), base).href;
    const whole = async (where, language) => {
      must((await page.locator("html").getAttribute("lang")) === language, `${where} does not say it is ${language}`);
      const text = await page.evaluate(() => document.body.innerText);
      must(!/inbox\.[a-z]|\{[a-z]+\}/.test(text), `${where}: a key or an unfilled place is shown`);
      await noSidewaysScroll(where);
      await accessible(where);
    };
    const row = page.locator(".inbox-row").filter({ hasText: someone.name }).first();
    for (const [name, width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      for (const language of LANGUAGES) {
        await page.goto(inbox(language));
        await row.waitFor();
        await whole(`inbox ${language} ${name}`, language);
        await row.click();
        await page.locator("#answer").waitFor();
        await whole(`conversation ${language} ${name}`, language);
        await steps.shot(`inbox-${language}-${name}`);
      }
    }
    await page.goto(inbox("es"));
    await row.click();
    await page.locator("#answer").fill("Hola, soy Rosa de la tienda.");
    await page.locator("#answer").press("Tab");
    await page.keyboard.press("Enter");
    await page.locator("#said").waitFor();
    must(!(await page.locator("#said.refused").count()), `the answer was refused: ${await page.locator("#said").innerText()}`);
    must(await page.locator(".inbox-line.from-shop").filter({ hasText: "Rosa" }).count(), "the answer is not in the conversation");
    await page.locator("#note").fill("cambio acordado");
    await page.locator("#note").press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL((address) => address.pathname === "/inbox");
    must(!(await row.count()), "a conversation that was given back still waits");
    await page.setViewportSize({ width: 1280, height: 860 });
    await open({ lang: "es" });
    await page.locator("#shop").selectOption(shop);
    await ready();
    await choose(someone);
  });

  await steps.step("in the dark the page is readable too", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await accessible("dark");
    await steps.shot("dark");
    await page.emulateMedia({ colorScheme: "light" });
  });

  await steps.step("location and photo go out", async () => {
    for (const [button, name] of [["#act-location", words["kind.location"]], ["#act-photo", words["kind.image"]]]) {
      const before = await keys();
      await page.locator(button).click();
      await until(name, ([known, wanted]) => [...document.querySelectorAll("#items > .row.person")].some((r) => !known.includes(r.dataset.key) && r.innerText.includes(wanted)), [before, name]);
    }
  });

  await steps.step("a refused promotion is shown as protection, at its place, with what would help", async () => {
    let card;
    for (const person of everybody.filter((p) => p.refused > 0)) {
      await choose(person);
      const found = page.locator(".row.business:has(.card[data-fate='blocked'])").filter({ hasText: words["purpose.promotional"] });
      if (await found.count()) { card = found.last(); break; }
    }
    must(card, "no refused promotion among these people");
    const seen = await card.evaluate((row) => {
      const chip = row.querySelector(".chip");
      const colour = (word) => {
        const probe = document.createElement("span");
        probe.className = "chip";
        probe.dataset.fate = word;
        document.body.append(probe);
        const value = getComputedStyle(probe).color;
        probe.remove();
        return value;
      };
      return {
        word: chip.textContent, icon: Boolean(chip.querySelector("svg")), colour: getComputedStyle(chip).color, red: colour("failed"),
        ghost: Boolean(row.querySelector(".cell.phone .ghost")), bubble: Boolean(row.querySelector(".cell.phone .bubble")),
        rule: (row.querySelector(".card > .verdict-line .rule") || {}).textContent, remedy: Boolean(row.querySelector(".remedy")), proposed: row.querySelector(".quote").innerText,
      };
    });
    must(seen.word === words["fate.blocked"] && seen.icon, `the chip says ${seen.word}, icon: ${seen.icon}`);
    must(seen.colour !== seen.red, "a refusal is painted like a failure");
    must(seen.ghost && !seen.bubble, "the phone shows a message it never got");
    must(/^[a-z-]+\.[a-z-]+$/.test(seen.rule || "") && seen.remedy && seen.proposed, `rule ${seen.rule}, remedy ${seen.remedy}, proposal ${seen.proposed}`);
    const proof = card.locator(".proof > summary");
    await proof.press("Enter");
    must(await card.locator(".finding").count(), "the details hold no finding");
    await proof.scrollIntoViewIfNeeded();
    await accessible("details open");
    await steps.shot("refused");
    for (const [name, width, height] of SIZES.slice(1)) {
      await page.setViewportSize({ width, height });
      await proof.scrollIntoViewIfNeeded();
      await noSidewaysScroll(`details at ${name}`);
      await steps.shot(`refused-${name}`);
    }
    await page.setViewportSize({ width: 1280, height: 860 });
  });

  await steps.step("BAJA is recorded before anything else, and gets its receipt", async () => {
    await choose(someone);
    const before = await say("BAJA");
    await until("the line of the consent ledger", (known) => [...document.querySelectorAll("#items > .row.consent")].some((r) => !known.includes(r.dataset.key)), before);
    await until("the receipt from the host itself", ([known, origin]) => [...document.querySelectorAll("#items > .row.business[data-reached='true']")]
      .some((r) => !known.includes(r.dataset.key) && r.querySelector(".card[data-fate='allowed'] .from")?.textContent.includes(origin)), [before, words["origin.host"]]);
    await page.locator(".standing[data-state='revoked']").first().waitFor();
    await steps.shot("opted-out");
  });

  await steps.step("WhatsApp's own stop shows up, and can be taken back", async () => {
    const button = page.locator("#act-preference");
    must((await button.innerText()) === words["acts.preference.stop"], "promotions are stopped already");
    await button.click();
    await until("the other choice", (wanted) => document.getElementById("act-preference").innerText === wanted, words["acts.preference.resume"]);
    // WhatsApp tells such choices to the second, and within one second the stop counts.
    for (const turn of ["a second", "another second"]) {
      const face = await page.locator("#clock").innerText();
      await until(turn, (was) => document.getElementById("clock").innerText !== was, face);
    }
    await button.click();
    await until("the first choice again", (wanted) => document.getElementById("act-preference").innerText === wanted, words["acts.preference.stop"]);
  });

  await steps.step("25 hours later the window is closed", async () => {
    must((await page.locator("#pill-window").getAttribute("data-kind")) === "open", "the window was not open");
    await page.locator("#act-jump").click();
    await until("the closed window", () => document.getElementById("pill-window").dataset.kind === "closed");
    must((await page.locator("#window-line").innerText()) === words["window.closed"], "the panel does not say that it is closed");
    await steps.shot("window-closed");
  });

  await steps.step("the keyboard reaches everything in order, and shows where it is", async () => {
    await page.reload();
    await ready();
    const order = await (async () => {
      const seen = [];
      for (let i = 0; i < 400; i += 1) {
        await page.keyboard.press("Tab");
        const now = await page.evaluate(() => {
          const n = document.activeElement;
          const style = getComputedStyle(n);
          return { id: n.id || n.className || n.tagName, visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 };
        });
        must(now.visible, `no visible focus on ${now.id}`);
        seen.push(now.id);
        if (now.id === "act-jump") return seen;
      }
      throw new Error(`the last button was not reached; last: ${seen.slice(-3)}`);
    })();
    const places = ["skip", "A", "shop", "writer", "about", "log", "text", "send", "act-location", "act-jump"].map((id) => [id, order.indexOf(id)]);
    let before = ["the start", -1];
    for (const place of places) {
      must(place[1] >= 0, `the keyboard does not reach ${place[0]}`);
      must(place[1] > before[1], `${place[0]} comes before ${before[0]}`);
      before = place;
    }
    await page.locator("#text").focus();
    await page.keyboard.type("una línea");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("otra");
    must((await page.locator("#text").inputValue()) === "una línea\notra", "Shift+Enter does not make a line");
    await page.locator("#text").fill("");
  });

  await steps.step("a long word and a long text fit into 360 px", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await say("muchísimo".repeat(60) + " " + "y más texto ".repeat(60));
    await noSidewaysScroll("long text");
    await steps.shot("long-360");
  });

  await steps.step("offline: it says so, keeps what was written, and comes back", async () => {
    await page.context().setOffline(true);
    await until("the sign", () => document.getElementById("live").dataset.state === "off");
    await page.locator("#text").fill("esto no se pierde");
    await page.locator("#text").press("Enter");
    await until("the reason", () => document.getElementById("banner").dataset.code === "offline");
    must((await page.locator("#banner").innerText()).includes(words["error.offline.title"]), "the banner has no words");
    must((await page.locator("#text").inputValue()) === "esto no se pierde", "what was written is lost");
    await accessible("offline");
    await steps.shot("offline-360");
    await page.context().setOffline(false);
    await until("the live sign", () => document.getElementById("live").dataset.state !== "off");
    const before = await keys();
    await page.locator("#text").press("Enter");
    await until("the message after all", (known) => [...document.querySelectorAll("#items > .row.person")].some((r) => !known.includes(r.dataset.key) && r.innerText.includes("esto no se pierde")), before);
    await until("no banner", () => document.getElementById("banner").hidden);
  });

  await steps.step("a conversation that never began offers the first word", async () => {
    await page.setViewportSize({ width: 1280, height: 860 });
    const shops = await page.locator("#shop option").evaluateAll((all) => all.map((o) => o.value));
    for (const shop of shops) {
      await page.locator("#shop").selectOption(shop);
      await ready();
      for (const person of (await people()).reverse()) {
        await choose(person);
        if (await page.locator("#items > .row").count()) continue;
        await steps.shot("empty");
        const before = await keys();
        await page.locator("#log-state button").click();
        await answer(before, "the first word");
        return;
      }
    }
    throw new Error("everybody has written already: the empty state was not seen");
  });
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, "the simulator phone works");
