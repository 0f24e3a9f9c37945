// Logging in and out in a real browser, against a running host.
//
//   node login.mjs BASE_URL NAME PASSWORD OUT_DIR
//
// As a person does it, with the keyboard, in three languages and two sizes, and without a script.
// Exit codes as those of phone.mjs.
import { Steps, attempt, axeSource, must } from "./support.mjs";

const [base, name, password, out] = process.argv.slice(2);
if (!base || !name || !password || !out) {
  process.stderr.write("usage: node login.mjs BASE_URL NAME PASSWORD OUT_DIR\n");
  process.exit(2);
}
const SIZES = [["1280", 1280, 860], ["360", 360, 740]];
const TITLES = { es: "Entrar", pt: "Entrar", en: "Log in" };
const WRONG = { es: "no son correctos", pt: "não estão corretos", en: "is not right" };
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
  // Operations hold places of their own.
  const text = await page.evaluate(() => {
    const copy = document.body.cloneNode(true);
    for (const code of copy.querySelectorAll("code")) code.remove();
    return copy.textContent;
  });
  const key = /\b(login|audit|access|checklist|page)\.[a-z_.]+/.exec(text);
  must(!key, `${where}: the key ${key} is shown instead of its words`);
  const unfilled = /\{[a-z]+\}/.exec(text);
  must(!unfilled, `${where}: an unfilled place: ${unfilled}`);
}
/** A state of a page: fits, reads, and is photographed. */
async function good(where) {
  await noSidewaysScroll(where);
  await words(where);
  await accessible(where);
  await steps.shot(where);
}
const at = (path) => page.waitForURL((address) => address.pathname === path);
const open = (path) => page.goto(new URL(path, base).href);

async function run() {
  if (!axe) process.stdout.write("NOTE  axe-core is not installed: accessibility rules were NOT checked\n");
  for (const language of Object.keys(TITLES)) {
    for (const [size, width, height] of SIZES) {
      await steps.step(`${language}, ${size} px: whoever has no session is asked, and told when it is wrong`, async () => {
        await page.setViewportSize({ width, height });
        await open(`/inbox?lang=${language}`);
        await at("/login");
        await open(`${new URL(page.url()).pathname}${new URL(page.url()).search}&lang=${language}`);
        must((await page.locator("html").getAttribute("lang")) === language, "another language");
        must((await page.locator("h1").innerText()) === TITLES[language], "another title");
        await good(`login-${language}-${size}`);
        await page.locator("#name").fill(`nobody-${language}-${size}`);
        await page.locator("#password").fill("not a password");
        await page.locator("button[type=submit]").click();
        await page.locator("#trouble").waitFor();
        must((await page.locator("#trouble").innerText()).includes(WRONG[language]), "no reason is given");
        must((await page.locator("#password").inputValue()) === "", "the password was sent back");
        must((await page.locator("#name").inputValue()).startsWith("nobody"), "the name has to be typed again");
        await good(`login-wrong-${language}-${size}`);
      });
    }
  }

  await steps.step("with the keyboard alone one comes to the page asked for", async () => {
    await open("/inbox?lang=es&state=needs_you");
    await at("/login");
    // The field for the name gets the focus by itself, a moment after the page has come.
    await page.waitForFunction(() => document.activeElement?.id === "name");
    await page.keyboard.type(name);
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await at("/inbox");
    must(new URL(page.url()).searchParams.get("state") === "needs_you", "another page than asked for");
    await good("inbox-after-login-360");
    const cookies = await page.context().cookies();
    const session = cookies.find((c) => c.name === "portero_session");
    must(session && session.httpOnly && session.sameSite === "Lax", `the cookie is ${JSON.stringify(session && { ...session, value: "…" })}`);
    must(!(await page.evaluate(() => document.cookie)).includes("portero"), "a script reads the cookie");
  });

  for (const path of ["/audit", "/access", "/checklist"]) {
    for (const language of Object.keys(TITLES)) {
      for (const [size, width, height] of SIZES) {
        await steps.step(`${path} in ${language} at ${size} px`, async () => {
          await page.setViewportSize({ width, height });
          await open(`${path}?lang=${language}`);
          must((await page.locator("html").getAttribute("lang")) === language, "another language");
          must((await page.locator(".audit-row, #steps li").count()) > 0, "the page is empty");
          await good(`${path.slice(1)}-${language}-${size}`);
        });
      }
    }
  }

  await steps.step("somebody is let in, and their password is shown once", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open("/access?lang=es");
    await page.locator("input[name=name]").fill("una.persona.con.un.nombre.muy.largo.para.una.pantalla.tan.estrecha@tienda.example");
    await page.locator("form[action='/console/access/users'] button").click();
    await page.locator("#secret").waitFor();
    await good("access-made-360");
    const secret = await page.locator("#secret").innerText();
    await open("/access?lang=es");
    must(!(await page.locator("body").innerText()).includes(secret), "it is shown again");
  });

  await steps.step("logging out ends it, also for the page before", async () => {
    await page.locator(".logout button").click();
    await at("/login");
    await page.goBack();
    await page.reload();
    await at("/login");
  });
}

await attempt(steps, (opened) => {
  page = opened;
  return run();
}, "logging in and out works");
