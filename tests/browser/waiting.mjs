// Pages that wait: the answer is held back, the page is looked at meanwhile, then it is let go. Nothing sleeps.
//
//   node waiting.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP OUT_DIR
//
// Exit codes as those of phone.mjs.
import { checked, hasAxe, wordsOf } from "./checked.mjs";
import { Steps, attempt, must } from "./support.mjs";

const [base, login, shop, emptyShop, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write("usage: node waiting.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP OUT_DIR\n");
  process.exit(2);
}
const LANGUAGES = ["es", "pt", "en"];
const steps = new Steps(out);
let page;
const open = (path, language, which = shop) => page.goto(new URL(`${path}?lang=${language}&shop=${which}`, base).href);

/** Holds back what `which` takes while the page is looked at. */
async function held(pattern, which, act, look) {
  let go;
  const released = new Promise((resolve) => { go = resolve; });
  let asked;
  const waits = new Promise((resolve) => { asked = resolve; });
  await page.route(pattern, async (route) => {
    if (!which(route.request())) return route.fallback();
    asked();
    await released;
    return route.continue();
  });
  try {
    await act();
    await waits;
    await look();
  } finally {
    go();
    await page.unroute(pattern, { behavior: "wait" }).catch(() => page.unroute(pattern));
  }
}
/** Both sizes of a page that waits. */
async function seen(where, language) {
  for (const [width, height] of [[360, 740], [1280, 860]]) {
    await page.setViewportSize({ width, height });
    await checked(page, out, `${where}-loading-${language}-${width}`, language);
  }
}

/** Forms that are worked on for a while: a page, the form, its words, and what is done before. */
const FORMS = [
  ["/policy", "#edit", "policy.busy.look"],
  ["/policy", "#save", "frame.busy", async (language) => {
    await page.locator("#edit [name=promotional_per_week]").fill(language === "es" ? "1" : language === "pt" ? "2" : "4");
    await Promise.all([page.waitForNavigation(), page.locator("#edit").evaluate((form) => form.requestSubmit())]);
    const why = page.locator("#save [name=reason]");
    if (await why.count()) await why.fill("menos ruido para la gente");
  }],
  ["/retention", "#edit", "frame.busy"],
  ["/numbers/new", "#connect", "connect.busy", undefined, emptyShop],
  ["/templates", "#act-sync form", "frame.busy"],
  ["/campaigns", "#act-plan form", "frame.busy", async () => {
    await page.goto(new URL(await page.locator("main a.row-card").first().getAttribute("href"), base).href);
  }],
];

async function run() {
  if (!hasAxe) process.stdout.write("NOTE  axe-core is not installed: accessibility rules were NOT checked\n");
  await page.goto(login);
  for (const [place, [path, form, key, before, which]] of FORMS.entries()) {
    const language = LANGUAGES[place % LANGUAGES.length];
    await steps.step(`${path} ${form} (${language}): says that it is worked on, and takes no second order`, async () => {
      await open(path, language, which);
      if (before) await before(language);
      await page.locator(form).waitFor();
      const submit = () => page.locator(form).evaluate((element) => {
        element.noValidate = true;
        setTimeout(() => element.requestSubmit());
      });
      // No content: the browser stays where it is, as it does until an answer comes.
      const stays = (route) => (route.request().method() === "POST" ? route.fulfill({ status: 204 }) : route.fallback());
      await page.route("**/console/**", stays);
      await submit();
      await page.locator(`${form}[aria-busy=true]`).waitFor();
      await page.waitForFunction((where) => [...document.querySelectorAll(`${where} button`)].every((b) => b.disabled), form);
      const said = page.locator(`${form} .busy`);
      must((await said.getAttribute("role")) === "status", `${form}: nobody who hears the page is told`);
      const words = wordsOf(key)[LANGUAGES.indexOf(language)];
      must((await said.innerText()).includes(words), `${form}: it says ${await said.innerText()} instead of ${words}`);
      await seen(`${path.slice(1).replace("/", "_")}-${place}`, language);
      await page.unroute("**/console/**", stays);
      // The same with an answer.
      await open(path, language, which);
      if (before) await before(language);
      await page.locator(form).waitFor();
      const left = page.waitForNavigation();
      await submit();
      await left;
      must((await page.locator("[aria-busy=true]").count()) === 0, `${form}: the answer is there, and it still waits`);
    });
  }
  for (const [what, part, key] of [["people", "#people", "people.loading"], ["thread", "#log", "phone.loading"]]) {
    for (const language of LANGUAGES) {
      await steps.step(`/phone (${language}): waits for its ${what}`, async () => {
        await held(`**/console/phone/*/${what}*`, () => true, () => open("/phone", language), async () => {
          await page.locator(`${part}[aria-busy=true]`).waitFor();
          const words = wordsOf(key)[LANGUAGES.indexOf(language)];
          must((await page.locator(part).innerText()).includes(words), `${part} does not say ${words}`);
          await seen(`phone-${what}`, language);
        });
        await page.waitForFunction((id) => document.querySelector(id).getAttribute("aria-busy") !== "true", part);
      });
    }
  }
  for (const [place, path] of ["/home", "/inbox", "/campaigns", "/templates", "/plugins", "/segments", "/webhooks", "/tenants"].entries()) {
    const language = LANGUAGES[place % LANGUAGES.length];
    await steps.step(`${path} (${language}): whole before the stream greets, and while it is made anew`, async () => {
      const anew = (request) => request.resourceType() === "fetch" && new URL(request.url()).pathname === path;
      await held(`**${path}**`, anew, async () => {
        await held("**/console/events", () => true, () => open(path, language), async () => {
          must((await page.locator("[data-live]").count()) > 0, `${path}: no part of it lives`);
          must((await page.locator("#fresh").innerText()) === "", `${path}: says that it is fresh before anything came`);
          await seen(`${path.slice(1)}-unfresh`, language);
        });
      }, async () => {
        // The greeting came, the page asks for itself: what is there stays there.
        must((await page.locator("[data-live]").count()) > 0, `${path}: it is taken away before the new one is there`);
        await page.setViewportSize({ width: 360, height: 740 });
        await checked(page, out, `${path.slice(1)}-anew-loading-${language}-360`, language);
      });
    });
  }
  await steps.step("an answer that the house keeps back is protection, in the inbox too", async () => {
    const own = { headers: { "x-portero-console": "1", "sec-fetch-site": "same-origin" } };
    const at = (path) => new URL(path, base).href;
    const { people } = await (await page.request.get(at(`/console/phone/${shop}/people`))).json();
    const words = { person: people[0].key, message: { type: "text", text: "quiero hablar con una persona" } };
    must((await page.request.post(at(`/console/phone/${shop}/say`), { data: words, ...own })).ok(), "nobody wrote");
    await page.waitForFunction(async (address) => (await (await fetch(address)).text()).includes("inbox-row"), `/inbox?shop=${shop}`);
    for (const language of LANGUAGES) {
      must((await page.request.post(at(`/console/phone/${shop}/say`), { data: words, ...own })).ok(), "nobody wrote");
      await open("/inbox", language);
      const one = await page.locator("a.inbox-row").first().getAttribute("href");
      await page.waitForFunction(async (address) => (await (await fetch(address)).text()).includes("<textarea id=\"answer\""), one);
      await page.goto(at(one));
      await page.locator("textarea#answer").fill("¿Sigues ahí?");
      // Begun while the window was open, sent a day and an hour later.
      must((await page.request.post(at(`/console/phone/${shop}/jump`), { data: { hours: 25 }, ...own })).ok(), "the clock stands");
      await Promise.all([page.waitForNavigation(), page.locator(".inbox-form button").first().click()]);
      await page.locator("#said.refused").waitFor();
      must((await page.locator("#said").getAttribute("role")) === "status", "what was kept back is cried out");
      await page.setViewportSize({ width: 360, height: 740 });
      await checked(page, out, `inbox-kept-${language}-360`, language);
      await open("/home", language);
      await page.locator("#today .chip[data-tone=guard]").first().waitFor();
      await checked(page, out, `home-kept-${language}-360`, language);
      await open("/plugins", language);
      for (const href of await page.locator("main a.row-card").evaluateAll((all) => all.map((a) => a.getAttribute("href")))) {
        await page.goto(at(href));
        await checked(page, out, `plugin-kept-${language}-360`, language);
      }
    }
  });
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, "pages that wait say so, and stay as good as they were");
