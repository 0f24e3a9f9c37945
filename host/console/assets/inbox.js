// Keeps the inbox fresh: loads it again when the host says that something changed, but never while
// somebody is writing. Without this script the page works and is as old as its last load.
"use strict";
(() => {
  const WAIT_MS = 3000;
  const fields = [...document.querySelectorAll("textarea")];
  const busy = () => document.hidden || fields.some((f) => f.value !== "" || f === document.activeElement);
  let changed = false;
  const again = () => {
    if (changed && !busy()) location.reload();
  };
  const events = new EventSource("/console/events");
  events.addEventListener("changed", () => { changed = true; });
  setInterval(again, WAIT_MS);
  addEventListener("visibilitychange", again);
})();
