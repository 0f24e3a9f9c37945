// The pages of managing in a real browser, against a running host after its day.
//
//   node manage.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP CAMPAIGN OUT_DIR
//
// Every page in three languages and two sizes: fits, reads, follows axe's rules, is photographed. A campaign is
// planned with the keyboard, approved and started.
// Exit codes as those of phone.mjs.
import { Steps, attempt, axeSource, must } from "./support.mjs";

const [base, login, shop, emptyShop, campaign, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write("usage: node manage.mjs BASE_URL LOGIN_URL SHOP EMPTY_SHOP CAMPAIGN OUT_DIR\n");
  process.exit(2);
}
const SIZES = [["1280", 1280, 860], ["360", 360, 740]];
const LANGUAGES = ["es", "pt", "en"];
const PAGES = ["campaigns", "templates", "segments", "plugins", "webhooks"];
const axe = axeSource();
const steps = new Steps(out);
let page;

async function noSidewaysScroll(where) {
  const { wide, inner } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, inner: document.documentElement.clientWidth }));
  must(wide <= inner, `${where}: ${wide} px wide in ${inner} px`);
}
async function accessible(where) {
  if (!axe) return;
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes.slice(0, 2).map((n) => n.target.join(" ")).join(", ")}`));
  must(violations.length === 0, `axe (${where}): ${violations.join(" | ")}`);
}
async function words(where) {
  const text = await page.evaluate(() => {
    const copy = document.body.cloneNode(true);
    for (const code of copy.querySelectorAll("code")) code.remove();
    return copy.textContent;
  });
  const key = /\b(campaign|template|segment|plugin|act|right|webhook|tenants|policy)\.[a-z_.]+/.exec(text);
  must(!key, `${where}: the key ${key} is shown instead of its words`);
  // What a template leaves open stands in two braces.
  const unfilled = /(^|[^{])\{[a-z]+\}([^}]|$)/.exec(text);
  must(!unfilled, `${where}: an unfilled place: ${unfilled}`);
}
/** Whatever is touched is large enough: what stands in running text is not meant. */
async function touchable(where) {
  const small = await page.evaluate(() => [...document.querySelectorAll("main a, main button, main input:not([type=hidden]), main select")]
    .map((e) => ({ e, box: e.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 0 && box.height < 39.5)
    .map(({ e, box }) => `${e.tagName} ${e.textContent.trim().slice(0, 30)} ${Math.round(box.height)} px`));
  must(small.length === 0, `${where}: too low to touch: ${small.slice(0, 3).join(" | ")}`);
}
async function good(where) {
  await noSidewaysScroll(where);
  await words(where);
  await touchable(where);
  await accessible(where);
  await page.screenshot({ path: `${out}/${where}.png`, fullPage: true });
}
const open = (path) => page.goto(new URL(path, base).href);
async function everywhere(name, path, ready) {
  for (const language of LANGUAGES) {
    for (const [size, width, height] of SIZES) {
      await steps.step(`${name} in ${language} at ${size} px`, async () => {
        await page.setViewportSize({ width, height });
        const answer = await open(`${path}${path.includes("?") ? "&" : "?"}lang=${language}`);
        must(answer.status() === 200, `${path} answers ${answer.status()}`);
        must((await page.locator("html").getAttribute("lang")) === language, "another language");
        if (ready) await page.locator(ready).first().waitFor();
        await good(`${name}-${language}-${size}`);
      });
    }
  }
}
/** The first link of a list. */
async function first(path) {
  await open(path);
  const href = await page.locator("main a.row-card").first().getAttribute("href");
  return href.replace(/[?&]lang=[a-z]+/, "");
}
/** Presses Tab until the element has the focus. */
async function tabTo(selector) {
  for (let n = 0; n < 120; n += 1) {
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not come to ${selector}`);
}

/** The page of the policy: its values, refusals, the step that says what would have been different, and saving. */
async function policy() {
  await everywhere("policy", `/policy?shop=${shop}`, "#edit fieldset");
  await everywhere("policy-empty", `/policy?shop=${emptyShop}`, "#edit fieldset");
  const closed = async () => {
    for (let day = 0; day < 7; day += 1) await page.locator(`input[name="promotional_hours.${day}"]`).fill("");
  };
  for (const language of LANGUAGES) {
    for (const [size, width, height] of SIZES) {
      await steps.step(`what a policy would have changed, in ${language} at ${size} px`, async () => {
        await page.setViewportSize({ width, height });
        await open(`/policy?shop=${shop}&lang=${language}`);
        await closed();
        await page.locator("#edit button[type=submit]").click();
        await page.locator("#proposed .effect").first().waitFor();
        must((await page.locator("#proposed .effect a.more").count()) > 0, "no verdict is linked");
        await good(`policy-effect-${language}-${size}`);
        await page.locator("#back button").click();
        must((await page.locator('input[name="promotional_hours.3"]').inputValue()) === "", "the value is gone");
        await page.locator("input[name=promotional_per_week]").fill("99");
        await page.locator('input[name="transactional_hours.0"]').fill("una-hora-muy-larga-sin-espacios-".repeat(6));
        await page.locator("#edit button[type=submit]").click();
        await page.locator("#t-promotional_per_week").waitFor();
        await good(`policy-refused-${language}-${size}`);
      });
    }
  }
  await steps.step("while verdicts are judged again the page says how far it is", async () => {
    await open(`/policy?shop=${shop}&lang=es`);
    // Answered with nothing the page stays as it is: while it leaves, it cannot be looked at.
    await page.route("**/console/policy/*/preview", (route) => route.fulfill({ status: 204 }));
    const asked = page.waitForRequest("**/console/policy/*/progress");
    await page.route("**/console/policy/*/progress", (route) => route.fulfill({ json: { progress: { read: 4000, percent: 40 } } }));
    await page.locator("#edit button[type=submit]").click({ noWaitAfter: true });
    await asked;
    await page.waitForFunction(() => document.querySelector("#edit .busy progress")?.value === 40 && document.querySelector("#edit .busy").textContent.includes("40 %"));
    await page.unroute("**/console/policy/*/preview");
    await page.unroute("**/console/policy/*/progress");
    await open(`/policy?shop=${shop}&lang=es`);
    await page.locator("#edit button[type=submit]").click();
    await page.locator("#proposed").waitFor();
  });
  await steps.step("an empty shop's change says that there is nothing to judge", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open(`/policy?shop=${emptyShop}&lang=es`);
    await closed();
    await page.locator("#edit button[type=submit]").click();
    await page.locator("#proposed").waitFor();
    await good("policy-effect-empty-es-360");
  });
  await steps.step("a policy is changed with the keyboard, with a reason, and stands in the history", async () => {
    await open(`/policy?shop=${shop}&lang=es`);
    await page.locator("input[name=codes_per_hour]").fill("4");
    await page.keyboard.press("Enter");
    await page.locator("#save").waitFor();
    await page.locator("#save button").click();
    await page.locator("#reason-trouble").waitFor();
    await good("policy-no-reason-es-360");
    await tabTo("#save input[name=reason]");
    await page.keyboard.type("un-motivo-larguísimo-sin-espacios-".repeat(12).slice(0, 400));
    await page.keyboard.press("Enter");
    await page.locator("#did").waitFor();
  });
  await everywhere("policy-changed", `/policy?shop=${shop}`, "#history form button");
}

async function run() {
  if (!axe) process.stdout.write("NOTE  axe-core is not installed: accessibility rules were NOT checked\n");
  await page.goto(login);
  for (const name of PAGES) {
    await everywhere(name, `/${name}?shop=${shop}`, ["segments", "webhooks"].includes(name) ? "main" : "main a.row-card");
    await everywhere(`${name}-empty`, `/${name}?shop=${emptyShop}`, "main");
  }
  await everywhere("campaign-draft", `/campaigns/${shop}/${campaign}`, "#act-plan");

  await steps.step("a campaign is planned and approved with the keyboard alone", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open(`/campaigns/${shop}/${campaign}?lang=es`);
    await tabTo("#act-plan button");
    await page.keyboard.press("Enter");
    await page.locator("#plan").waitFor();
    await page.locator("#did").waitFor();
  });
  await everywhere("campaign-planned", `/campaigns/${shop}/${campaign}`, "#plan");
  await steps.step("whose people stand behind every part of the bar", async () => {
    await open(`/campaigns/${shop}/${campaign}?lang=es`);
    const href = await page.locator("#plan a.more").first().getAttribute("href");
    const parts = await page.locator("#plan svg.meter-tall rect").evaluateAll((all) => all.map((r) => Number(r.getAttribute("width"))));
    must(parts.reduce((a, b) => a + b, 0) === 1000, `the bar is ${parts}`);
    await everywhere("campaign-people", href.replace(/[?&]lang=[a-z]+/, "?x=1"), "main");
  });
  await steps.step("a plan that was overtaken is not approved, and the page says so", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open(`/campaigns/${shop}/${campaign}?lang=pt`);
    await page.locator("#act-approve input[name=plan_hash]").evaluate((field) => { field.value = "0".repeat(64); });
    await page.locator("#act-approve button").click();
    await page.locator("#trouble").waitFor();
    await good("campaign-overtaken-pt-360");
    await open(`/campaigns/${shop}/${campaign}?lang=es`);
    await page.locator("#act-approve button").click();
    await page.locator("#act-run").waitFor();
    await good("campaign-approved-es-360");
  });
  await steps.step("it runs, and the page shows how far it is", async () => {
    await page.locator("#act-run button").click();
    await page.locator("#live-run").waitFor();
    await good("campaign-running-es-360");
    // The day's cap holds everybody back until tomorrow. What somebody else does is seen without loading the page again.
    const state = (word) => page.waitForFunction((w) => document.querySelector("#state")?.textContent.includes(w), word, { polling: 500 });
    const elsewhere = await page.context().newPage();
    await elsewhere.goto(page.url());
    await elsewhere.locator("#act-pause button").click();
    await state("En pausa");
    await elsewhere.locator("#act-resume button").click();
    await state("En marcha");
    await elsewhere.close();
  });
  await everywhere("campaign-run", `/campaigns/${shop}/${campaign}`, "#live-run");

  await everywhere("template", await first(`/templates?shop=${shop}&lang=es`), "main");
  await open(`/templates?shop=${shop}&lang=es`);
  const paused = await page.locator("main a.row-card", { hasText: "promo_pausada" }).first().getAttribute("href");
  await everywhere("template-paused", paused.replace(/[?&]lang=[a-z]+/, ""), "main");
  await everywhere("plugin", await first(`/plugins?shop=${shop}&lang=es`), "#state");
  await open(`/segments?shop=${shop}&lang=es`);
  if (await page.locator("main a.row-card").count()) await everywhere("segment", await first(`/segments?shop=${shop}&lang=es`), "main");


  await steps.step("an endpoint is made, its secret is shown once, and what does not arrive is told", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open(`/webhooks?shop=${shop}&lang=es`);
    const url = `https://crm.example/${"una-direccion-muy-larga-sin-espacios/".repeat(6)}`;
    await page.locator("input[name=url]").fill(url);
    await page.locator("input[name=about]").fill("El sistema de la tienda");
    await page.locator("form.form button").click();
    await page.locator("#secret").waitFor();
    await good("webhook-made-es-360");
    await open(`/webhooks?shop=${shop}&lang=es`);
    must((await page.locator("#secret").count()) === 0, "the secret is shown again");
  });
  const endpoint = await first(`/webhooks?shop=${shop}&lang=es`);
  await steps.step("a test goes out from its page", async () => {
    await open(`${endpoint}?lang=es`);
    await page.locator("#act-test button").click();
    await page.locator("#live-log li").first().waitFor();
  });
  await everywhere("webhook", endpoint, "#live-log li");
  await everywhere("webhooks-one", `/webhooks?shop=${shop}`, "main a.row-card");
  await policy();
  await everywhere("tenants", "/tenants", ".cell");
  await everywhere("tenants-compared", `/tenants?one=${shop}&other=${emptyShop}`, "#differs");
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, "the pages of managing work");
