// Says that a form which takes its time is being worked on, and for how long already. Where the form names an address that
// knows how far it is (`data-progress`), the bar shows that; no bar guesses an end nobody knows. Without this script the
// browser's own sign is what there is.
"use strict";
(() => {
  const clocks = new Map();
  // Empty at first: what a reader is to hear has to come into something that is there already.
  const place = (form) => {
    let said = form.querySelector(":scope > .busy");
    if (!said) {
      said = document.createElement("p");
      said.className = "busy";
      said.setAttribute("role", "status");
      form.append(said);
    }
    return said;
  };
  const rest = (form) => {
    clearInterval(clocks.get(form));
    clocks.delete(form);
    place(form).replaceChildren();
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  };
  for (const form of document.querySelectorAll("form[data-busy]")) place(form);
  // Asked of the page, not of each form: a part that is kept fresh brings forms of its own.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-busy]");
    if (!form || clocks.has(form)) return;
    const begun = performance.now();
    const bar = document.createElement("progress");
    const words = document.createElement("span");
    const seconds = document.createElement("span");
    // Read once, not every second.
    seconds.setAttribute("aria-hidden", "true");
    bar.setAttribute("aria-hidden", "true");
    words.textContent = form.dataset.busy;
    bar.max = 100;
    let far = "";
    let asking = false;
    const ask = async () => {
      if (!form.dataset.progress || asking) return;
      asking = true;
      try {
        const answer = await fetch(form.dataset.progress, { cache: "no-store" });
        const { progress } = answer.ok ? await answer.json() : {};
        if (progress) {
          bar.value = progress.percent;
          far = ` · ${progress.percent} %`;
        }
      } catch {
        // The bar stays where it is; the answer itself comes by another way.
      }
      asking = false;
    };
    const tick = () => {
      ask();
      seconds.textContent = `${Math.floor((performance.now() - begun) / 1000)} s${far}`;
    };
    tick();
    place(form).replaceChildren(bar, words, seconds);
    form.setAttribute("aria-busy", "true");
    clocks.set(form, setInterval(tick, 1000));
    // After the form was read, the button with it: sent twice it would be worked on twice.
    setTimeout(() => { for (const button of form.querySelectorAll("button")) button.disabled = true; });
  });
  // Whoever comes back finds the form as it was.
  addEventListener("pageshow", (event) => { if (event.persisted) [...clocks.keys()].forEach(rest); });
})();
