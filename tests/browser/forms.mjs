// The forms that change something grave or are long: a campaign from nothing to its sending, a proof link, one's own
// password, erasing somebody. In a real browser, as a shop owner with a telephone would.
//
//   node forms.mjs BASE_URL LOGIN_URL SHOP USER PASSWORD OUT_DIR
//
// Exit codes as those of phone.mjs.
import { checked, hasAxe } from "./checked.mjs";
import { Steps, attempt, must } from "./support.mjs";

const [base, login, shop, user, password, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write("usage: node forms.mjs BASE_URL LOGIN_URL SHOP USER PASSWORD OUT_DIR\n");
  process.exit(2);
}
const SIZES = [["1280", 1280, 860], ["360", 360, 740]];
const LANGUAGES = ["es", "pt", "en"];
const steps = new Steps(out);
let page;

const open = (path) => page.goto(new URL(path, base).href);
const small = () => page.setViewportSize({ width: 360, height: 740 });
/** The page that is open now, in every language and size. */
async function everywhere(name) {
  const here = new URL(page.url());
  for (const language of LANGUAGES) {
    for (const [size, width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      here.searchParams.set("lang", language);
      await page.goto(here.href);
      await checked(page, out, `${name}-${language}-${size}`, language);
    }
  }
  await small();
  here.searchParams.set("lang", "es");
  await page.goto(here.href);
}
const go = () => page.locator(".sheet button[type=submit]").click();

async function campaign() {
  await steps.step("the form is found from the list of campaigns", async () => {
    await small();
    await open(`/campaigns?lang=es&shop=${shop}`);
    await page.locator("#new").click();
    await page.locator("#step-1").waitFor();
  });
  await steps.step("whom it is for: nothing chosen is said beside the field", async () => {
    await go();
    await page.locator("#wrong-who").waitFor();
    await checked(page, out, "new-1-wrong-es-360", "es");
    await open(`/campaigns/new?lang=es&shop=${shop}`);
    await everywhere("new-1");
    must(/\d+ personas/.test(await page.locator(".pick").last().innerText()), "no count beside the audience");
    await page.locator("input[value=all]").check();
    await go();
    await page.locator("#step-2").waitFor();
  });
  await steps.step("which message: only those that may be used, as they read", async () => {
    await everywhere("new-2");
    must((await page.locator("input[name=template][value^=promo_rechazada]").count()) === 0, "a refused template can be chosen");
    await page.locator("input[value='carrito_recordatorio/es']").check();
    await go();
    await page.locator("#step-3").waitFor();
  });
  await steps.step("what stands in its places", async () => {
    await everywhere("new-3");
    await page.locator("input[name='from.body.nombre'][value=fixed]").check();
    await go();
    await page.locator("[id='wrong-from.body.nombre']").waitFor();
    await checked(page, out, "new-3-wrong-es-360", "es");
    await page.locator("input[name='from.body.nombre'][value=name]").check();
    await page.locator("input[name='or.body.nombre']").fill("vecina");
    await go();
    await page.locator("#step-4").waitFor();
  });
  await steps.step("what for, and why these people", async () => {
    await everywhere("new-4");
    must((await page.locator("#reads").innerText()).includes("[nombre]"), "the message is not shown as it would read");
    await go();
    await page.locator("#wrong-why").waitFor();
    await checked(page, out, "new-4-wrong-es-360", "es");
    await page.locator("input[name=name]").fill(`Carritos de la semana ${"muy-larga-".repeat(5)}`);
    await page.locator("input[name=topic]").fill("ofertas");
    await page.locator("textarea[name=why]").fill("Dejaron algo en el carrito y aceptaron que les avisemos. ".repeat(6) + "x".repeat(90));
    await go();
    await page.locator("#step-5").waitFor();
  });
  await steps.step("when: a time that went by is refused, in a language changed meanwhile", async () => {
    await everywhere("new-5");
    await page.locator("input[value=at]").check();
    await page.locator("input[name=at]").fill("2020-01-01T08:00");
    await go();
    await page.locator("#wrong-at").waitFor();
    await checked(page, out, "new-5-wrong-es-360", "es");
    await page.locator("input[value=now]").check();
    await page.locator("input[name=at]").fill("");
    await page.locator("input[name=spread]").fill("2");
    await go();
    await page.locator("#act-plan").waitFor();
    must((await page.locator("#did").innerText()).includes("Borrador"), "it does not say that the draft is kept");
    await checked(page, out, "new-saved-es-360", "es");
  });
  await steps.step("from the draft it is planned, approved and started", async () => {
    await page.locator("#act-plan button").click();
    await page.locator("#plan").waitFor();
    await page.locator("#act-approve button").click();
    await page.locator("#act-run").waitFor();
    await page.locator("#act-run button").click();
    await page.locator("#live-run").waitFor();
    await checked(page, out, "new-running-es-360", "es");
  });
}

async function proof() {
  let address;
  await steps.step("a proof link is made on the page of a verdict and copied", async () => {
    await open(`/verdicts?lang=es&shop=${shop}&verdict=deny`);
    await page.locator("main a.verdicts-row").first().click();
    await page.locator("#links").waitFor();
    await page.locator("#link").click();
    address = await page.locator("#proof-address").inputValue();
    must(address.startsWith(base.replace(/\/$/, "")) && address.includes("/proof/"), `an odd address: ${address}`);
    await checked(page, out, "proof-made-es-360", "es");
  });
  await steps.step("whoever has it reads and prints it without a login, and goes nowhere else", async () => {
    const stranger = await page.context().browser()?.newContext() ?? null;
    const other = stranger ? await stranger.newPage() : page;
    if (!stranger) await page.context().clearCookies();
    const shown = await other.goto(address);
    must(shown.status() === 200 && shown.headers()["referrer-policy"] === "no-referrer" && shown.headers()["cache-control"] === "no-store", "its headers");
    const mine = page;
    page = other;
    for (const language of LANGUAGES) {
      for (const [size, width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await page.goto(`${address}?lang=${language}`);
        await checked(page, out, `proof-${language}-${size}`, language);
      }
    }
    await page.emulateMedia({ media: "print" });
    await page.screenshot({ path: `${out}/proof-print-en.png`, fullPage: true });
    await page.emulateMedia({ media: null });
    must((await page.locator("main a").count()) === 0 && (await page.locator("form").count()) === 0, "a way on");
    await page.goto(new URL("/verdicts", base).href);
    must(new URL(page.url()).pathname === "/login", "the link opens other pages");
    page = mine;
    if (stranger) await stranger.close();
  });
  await steps.step("a link that shows nothing says so in three languages", async () => {
    for (const language of LANGUAGES) {
      await page.setViewportSize({ width: 360, height: 740 });
      await open(`/proof/ptr_proof_${"0".repeat(64)}?lang=${language}`);
      await checked(page, out, `proof-nothing-${language}-360`, language);
    }
  });
}

async function account() {
  await steps.step("a person logs in and looks at the own account", async () => {
    await page.context().clearCookies();
    await open("/login?lang=es");
    await page.locator("#name").fill(user);
    await page.locator("#password").fill(password);
    await page.keyboard.press("Enter");
    await page.waitForURL((address) => address.pathname === "/home");
    await open("/me?lang=es");
    await everywhere("me");
  });
  await steps.step("a wrong password is said beside its field, a right one changes it", async () => {
    const change = async (current, fresh) => {
      await page.locator("input[name=current]").fill(current);
      await page.locator("input[name=new]").fill(fresh);
      await page.locator("input[name=again]").fill(fresh);
      await page.locator("#change").click();
    };
    await change("no-es-esta-contrasena", "una-frase-bien-larga");
    await page.locator("#wrong-current").waitFor();
    await checked(page, out, "me-wrong-es-360", "es");
    await change(password, "una-frase-bien-larga");
    await page.locator("#did").waitFor();
    await checked(page, out, "me-changed-es-360", "es");
  });
}

async function erasing() {
  await steps.step("a person's data are downloaded, and what erasing does is shown before", async () => {
    await open(`/contacts?lang=es&shop=${shop}`);
    await page.locator("#found a.row-card").last().click();
    await page.locator("#rights").waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), page.locator("#export").click()]);
    must(/^con_.+\.json$/.test(file.suggestedFilename()), `a file called ${file.suggestedFilename()}`);
    await page.locator("#erase").click();
    await page.locator("#do-erase").waitFor();
    await everywhere("erase");
  });
  await steps.step("not without saying that it cannot be undone; then it is done", async () => {
    await page.locator("#do-erase").click();
    await page.locator("#wrong-sure").waitFor();
    await checked(page, out, "erase-wrong-es-360", "es");
    await page.locator("input[name=sure]").check();
    await page.locator("#do-erase").click();
    await page.locator("#erased").waitFor();
    await everywhere("erased");
  });
}

async function run() {
  if (!hasAxe) process.stdout.write("NOTE  axe-core is not installed: accessibility rules were NOT checked\n");
  await page.goto(login);
  await campaign();
  await proof();
  await account();
  await erasing();
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, "the forms work");
