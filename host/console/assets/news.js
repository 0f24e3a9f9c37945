// Says that there is more than the page shows, and how much, without moving what somebody is reading: when the host
// says that something changed, the page is fetched again and the rows of its list that are not here yet are counted.
"use strict";
(() => {
  const list = document.querySelector("[data-news]");
  const line = document.getElementById("news");
  if (!list || !line) return;
  const WAIT_MS = 1500;
  const ids = (page) => [...page.querySelectorAll("[data-news] > [data-id]")].map((row) => row.dataset.id);
  const known = new Set(ids(document));
  let changed = false;
  let asking = false;
  let shown = "";
  const tell = (fresh, all) => {
    if (fresh === 0) return;
    // Where everything is new, there may be more than the page holds.
    const words = line.dataset.words.replace("{n}", fresh === all && known.size > 0 ? `${fresh}+` : String(fresh));
    if (words === shown) return;
    shown = words;
    const link = document.createElement("a");
    link.className = "more";
    link.href = location.href.split("#")[0];
    link.textContent = words;
    line.replaceChildren(link);
  };
  const again = async () => {
    if (!changed || asking || document.hidden) return;
    changed = false;
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      if (!answer.ok || answer.redirected) return;
      const now = ids(new DOMParser().parseFromString(await answer.text(), "text/html"));
      tell(now.filter((id) => !known.has(id)).length, now.length);
    } catch {
      // The host went away: its next greeting brings what was missed.
    } finally {
      asking = false;
    }
  };
  const events = new EventSource("/console/events");
  for (const told of ["hello", "changed"]) events.addEventListener(told, () => { changed = true; });
  setInterval(again, WAIT_MS);
  addEventListener("visibilitychange", again);
})();
