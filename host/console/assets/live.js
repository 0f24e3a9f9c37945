// Keeps parts of a page fresh: when the host says that something changed, the page is fetched again and the
// parts marked `data-live` are put in place. A part that holds the focus, or something typed, waits. Without
// this script the page works and is as old as its last load.
"use strict";
(() => {
  const WAIT_MS = 2000;
  let changed = false;
  let busy = false;
  const typed = (part) => [...part.querySelectorAll("input, textarea")].some((f) => f.value !== f.defaultValue);
  const held = (part) => part.contains(document.activeElement) || typed(part);
  const again = async () => {
    if (!changed || busy || document.hidden) return;
    busy = true;
    changed = false;
    try {
      const address = new URL(location.href);
      address.searchParams.delete("said");
      const answer = await fetch(address, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const next = fresh.getElementById(part.id);
        if (!next) continue;
        if (held(part)) changed = true;
        else part.replaceWith(document.adoptNode(next));
      }
    } catch {
      changed = true;
    } finally {
      busy = false;
    }
  };
  const events = new EventSource("/console/events");
  events.addEventListener("changed", () => { changed = true; });
  setInterval(again, WAIT_MS);
  document.addEventListener("visibilitychange", again);
})();
