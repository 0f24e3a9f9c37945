// Keeps parts of a page fresh: when the host says that something changed, the page is fetched again and every
// part marked `data-live` that differs is put in place of the old one, except one in which somebody is. Without
// this script the page works and is as old as its last load.
"use strict";
(() => {
  const WAIT_MS = 1500;
  let changed = false;
  let asking = false;
  const inUse = (part) => part.contains(document.activeElement) || part.querySelector("form[aria-busy=true]")
    || [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((field) => field.value !== field.defaultValue);
  const parts = (page) => [...page.querySelectorAll("[data-live]")].filter((part) => part.id);
  // Whoever hears the page is told that it changed, not what: that is read where it stands.
  const tell = () => {
    const fresh = document.getElementById("fresh");
    fresh.textContent = "";
    requestAnimationFrame(() => { fresh.textContent = fresh.dataset.words; });
  };
  const again = async () => {
    if (!changed || asking || document.hidden) return;
    changed = false;
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = parts(page);
      // A part that comes or goes changes what the page is about: that is a page of its own.
      const ids = (list) => list.map((part) => part.id).join(" ");
      if (ids(fresh) !== ids(parts(document))) {
        if (![...parts(document)].some(inUse)) location.replace(location.href);
        return;
      }
      let told = false;
      for (const part of fresh) {
        const old = document.getElementById(part.id);
        const now = old.cloneNode(true);
        // What busy.js put in for its words is no difference.
        for (const own of now.querySelectorAll("form[data-busy] > .busy")) own.remove();
        if (now.isEqualNode(part)) continue;
        if (inUse(old)) changed = true;
        else {
          old.replaceWith(document.adoptNode(part));
          told = true;
        }
      }
      if (told) tell();
    } catch {
      // The host went away: its next greeting brings what was missed.
    } finally {
      asking = false;
    }
  };
  const events = new EventSource("/console/events");
  // Whatever happened between the page's making and this greeting, or while the host was away, was not told.
  events.addEventListener("hello", () => { changed = true; });
  events.addEventListener("changed", () => { changed = true; });
  setInterval(again, WAIT_MS);
  addEventListener("visibilitychange", again);
})();
