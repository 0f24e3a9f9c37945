// The simulator phone: one conversation, both ways, with the verdict on each message beside it.
// It builds nodes and sets text; it never parses markup. Strings come with the page.
"use strict";
(() => {
  const body = document.body;
  const table = JSON.parse(body.dataset.words);
  const lang = body.dataset.lang;
  const canJump = body.dataset.canJump === "true";
  const byId = (id) => document.getElementById(id);

  /** The words under a key, with {places} filled. */
  function words(key, values) {
    let text = Object.hasOwn(table, key) ? table[key] : key;
    for (const [name, value] of Object.entries(values || {})) text = text.split("{" + name + "}").join(String(value));
    return text;
  }

  /** Makes a node: attributes whose value is null, undefined or false are left out. */
  function make(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return node;
  }
  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", "#i-" + name);
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    svg.append(use);
    return svg;
  }
  const hidden = (text) => make("span", { class: "sr" }, text);

  const shopSelect = byId("shop");
  if (!shopSelect) return; // The page says what to do when there is no shop.

  const state = {
    number: null, person: body.dataset.person || null, people: null, peopleAt: 0, thread: null,
    base: null, drawn: new Map(), fates: new Map(), announced: false, zone: null,
  };
  const myZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const shop = () => shopSelect.selectedOptions[0];

  // ---- Talking to the host ----------------------------------------------------------------

  class Fault extends Error {
    constructor(code, detail) { super(detail || code); this.code = code; this.detail = detail || ""; }
  }
  async function ask(path, payload) {
    const options = { headers: { accept: "application/json", "x-portero-console": "1" }, credentials: "same-origin" };
    if (payload !== undefined) {
      options.method = "POST";
      options.headers["content-type"] = "application/json";
      options.body = JSON.stringify(payload);
    }
    let response;
    try { response = await fetch(path, options); } catch { throw new Fault("offline"); }
    const kind = response.headers.get("content-type") || "";
    if (response.status === 401 || response.redirected) throw new Fault("login");
    let answer = null;
    if (kind.includes("json")) { try { answer = await response.json(); } catch { throw new Fault("offline"); } }
    if (response.ok && answer) return answer;
    const code = answer && Object.hasOwn(table, "error." + answer.code + ".title") ? answer.code : "host";
    throw new Fault(code, answer ? answer.detail : response.status + " " + response.statusText);
  }
  const at = (what) => "/console/phone/" + encodeURIComponent(shopSelect.value) + "/" + what;
  const who = () => ({ person: state.person, number: state.number });

  // ---- Faults and the live sign -----------------------------------------------------------

  const banner = byId("banner");
  let faultFrom = null;
  function showFault(fault, from, retry) {
    const code = fault instanceof Fault ? fault.code : "host";
    const detail = fault instanceof Fault ? fault.detail : String(fault && fault.message);
    faultFrom = from;
    banner.hidden = false;
    banner.dataset.code = code;
    banner.replaceChildren(
      icon("alert"),
      make("div", {},
        make("strong", {}, words("error." + code + ".title")), " ",
        make("span", {}, marked(words("error." + code + ".what"))),
        detail ? make("p", { class: "small" }, words("error.detail") + ": " + detail) : null),
      make("button", { type: "button", class: "chip-button", on: { click: retry } }, words("error.retry")));
  }
  function clearFault(from) {
    if (faultFrom !== from) return;
    faultFrom = null;
    banner.hidden = true;
    delete banner.dataset.code;
    banner.replaceChildren();
  }
  const live = byId("live");
  function showLive(now) {
    if (live.dataset.state === now && live.dataset.shown) return;
    live.dataset.state = now;
    live.dataset.shown = "yes";
    live.querySelector(".word").textContent =
      now === "on" ? words("live.on") : now === "off" ? words("live.off") : words("live.polling");
  }

  // ---- Time -------------------------------------------------------------------------------

  const formats = new Map();
  function format(zone, options) {
    const key = zone + JSON.stringify(options);
    if (!formats.has(key)) {
      let made;
      try { made = new Intl.DateTimeFormat(lang, { ...options, timeZone: zone }); }
      catch { made = new Intl.DateTimeFormat(lang, { ...options, timeZone: "UTC" }); }
      formats.set(key, made);
    }
    return formats.get(key);
  }
  const place = (zone) => (zone || "UTC").split("/").pop().replaceAll("_", " ");
  const hour = (ms, zone) => format(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
  const second = (ms, zone) => format(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(ms);
  const day = (ms, zone) => format(zone, { weekday: "long", day: "numeric", month: "long" }).format(ms);
  const shortDay = (ms, zone) => format(zone, { day: "numeric", month: "short" }).format(ms);
  const sameZone = (ms) => format(state.zone, { dateStyle: "short", timeStyle: "short" }).format(ms) === format(myZone, { dateStyle: "short", timeStyle: "short" }).format(ms);
  /** A moment in the shop's zone and, where it differs, in the reader's. */
  function both(ms, clock, dated) {
    const one = (zone, withDay) => (withDay ? shortDay(ms, zone) + " " : "") + clock(ms, zone);
    const here = one(state.zone, dated);
    if (sameZone(ms)) return here + " (" + place(state.zone) + ")";
    const other = dated || shortDay(ms, state.zone) !== shortDay(ms, myZone);
    return words("clock.both", { shop: here, zone: place(state.zone), mine: one(myZone, other) });
  }
  const now = () => (state.base ? state.base.at + (performance.now() - state.base.since) : null);
  function left(ms) {
    const all = Math.max(0, Math.floor(ms / 1000));
    const [d, h, m, s] = [Math.floor(all / 86400), Math.floor(all / 3600) % 24, Math.floor(all / 60) % 60, all % 60];
    if (d > 0) return words("left.days", { d, h });
    if (h > 0) return words("left.hours", { h, m });
    return words("left.minutes", { m, s });
  }
  function tick() {
    const at = now();
    if (at === null) return;
    byId("clock").textContent = shortDay(at, state.zone) + " · " + both(at, second, false);
    const contact = state.thread && state.thread.contact;
    const pill = byId("pill-window");
    const line = byId("window-line");
    pill.hidden = !state.thread;
    if (!state.thread) return;
    const closes = contact ? contact.window_closes_at : null;
    const open = closes !== null && at < closes;
    const kind = open ? "open" : closes === null ? "never" : "closed";
    const short = open ? words("window.open.short", { left: left(closes - at) }) : words("window.closed.short");
    if (pill.dataset.kind !== kind) {
      pill.dataset.kind = kind;
      pill.replaceChildren(icon(open ? "clock" : "pause"), make("span", {}));
    }
    pill.lastChild.textContent = short;
    if (line) {
      line.dataset.kind = kind;
      line.textContent = open ? words("window.open", { left: left(closes - at) })
        : closes === null ? words("window.never") : words("window.closed");
    }
  }

  // ---- Bubbles ----------------------------------------------------------------------------

  /** WhatsApp's own marks: *bold*, _slanted_, ~struck~, ```fixed```. */
  function rich(text) {
    const marks = /(\*[^*\n]+\*|(?<!\w)_[^_\n]+_(?!\w)|~[^~\n]+~|```[^`]+```)/;
    return text.split(marks).map((part) => {
      const inner = part.slice(1, -1);
      if (part.length > 6 && part.startsWith("```")) return make("code", {}, part.slice(3, -3));
      if (part.length > 2 && part.startsWith("*") && part.endsWith("*")) return make("strong", {}, inner);
      if (part.length > 2 && part.startsWith("_") && part.endsWith("_")) return make("em", {}, inner);
      if (part.length > 2 && part.startsWith("~") && part.endsWith("~")) return make("s", {}, inner);
      return part;
    });
  }
  /** Our own sentences name commands between backticks. */
  const marked = (text) => text.split("`").map((part, i) => (i % 2 ? make("code", {}, part) : part));
  /** The plain words of a bubble, for announcements and quotes. */
  function plain(bubble) {
    if (bubble.kind === "reaction") return bubble.text ? words("bubble.reaction", { emoji: bubble.text }) : words("bubble.reaction.none");
    const named = bubble.media ? words("kind." + bubble.media.kind) : Object.hasOwn(table, "kind." + bubble.kind) && bubble.kind !== "text" ? words("kind." + bubble.kind) : "";
    const asks = bubble.asks_location && !bubble.text ? words("bubble.asks_location") : "";
    const template = bubble.template && !bubble.text ? words("bubble.template", bubble.template) : "";
    return [named, bubble.header, bubble.text, asks, template].filter(Boolean).join(" · ");
  }
  function contents(bubble) {
    const parts = [];
    if (bubble.template) parts.push(make("p", { class: "label" }, words("bubble.template", bubble.template)));
    if (bubble.kind === "tap") parts.push(make("p", { class: "label" }, icon("reply"), words("bubble.tapped")));
    if (bubble.media) {
      parts.push(make("p", { class: "media" }, icon(bubble.media.kind === "image" || bubble.media.kind === "video" ? "photo" : "file"),
        make("span", {}, words("kind." + bubble.media.kind), bubble.media.name ? make("span", { class: "small block" }, bubble.media.name) : null)));
    }
    if (bubble.kind === "location") parts.push(make("p", { class: "media" }, icon("place"), words("kind.location")));
    if (["contacts", "order", "flow", "unsupported"].includes(bubble.kind)) parts.push(make("p", { class: "label" }, words("kind." + bubble.kind)));
    if (bubble.header) parts.push(make("p", { class: "head" }, bubble.header));
    if (bubble.kind === "reaction") parts.push(make("p", { class: "said" }, plain(bubble)));
    else if (bubble.text) parts.push(make("p", { class: "said" }, rich(bubble.text)));
    if (bubble.footer) parts.push(make("p", { class: "foot" }, bubble.footer));
    return parts;
  }
  const STATUS_ICON = { accepted: "clock", sent: "check", delivered: "checks", read: "checks", played: "checks", failed: "alert", held: "pause" };
  function ticks(status) {
    if (!status) return null;
    return make("span", { class: "ticks", "data-status": status }, icon(STATUS_ICON[status] || "clock"), hidden(words("status." + status)));
  }
  function strongest(item) {
    const order = ["accepted", "held", "sent", "failed", "delivered", "read", "played"];
    let best = item.message && item.message.status ? order.indexOf(item.message.status) : -1;
    for (const mark of item.marks) best = Math.max(best, order.indexOf(mark.status));
    return best < 0 ? (item.accepted ? "accepted" : null) : order[best];
  }
  function taps(item) {
    const { bubble } = item;
    const rows = [];
    const off = !item.reached || !item.wamid;
    for (const tap of bubble.buttons || []) {
      rows.push(make("button", { type: "button", class: "tap", disabled: off, "data-tap": tap.id, on: { click: () => act("tap", { message: item.wamid, id: tap.id }, words("said.sent")) } }, icon("reply"), tap.title));
    }
    if (bubble.list) rows.push(make("button", { type: "button", class: "tap", disabled: off, "data-list": "", "aria-haspopup": "dialog", on: { click: () => openMenu(item) } }, icon("list"), bubble.list.button));
    if (bubble.link) rows.push(make("p", { class: "tap still" }, icon("link"), make("span", {}, bubble.link.label, make("span", { class: "small block" }, bubble.link.url))));
    if (bubble.asks_location) rows.push(make("button", { type: "button", class: "tap", disabled: off, on: { click: sendLocation } }, icon("place"), words("bubble.send_location")));
    return rows.length ? make("div", { class: "taps" }, rows) : null;
  }
  function meta(ms, ...rest) {
    return make("p", { class: "meta" }, make("time", { datetime: new Date(ms).toISOString(), title: both(ms, second, true) }, hour(ms, state.zone)), ...rest);
  }

  // ---- Verdicts ---------------------------------------------------------------------------

  const FATE_ICON = {
    allowed: "check", leaving: "check", later: "clock", held: "pause", blocked: "shield",
    withdrawn: "back", expired: "clock", unclear: "question", failed: "alert",
  };
  /** Refused by the gate or taken back: the person was protected. */
  const PROTECTS = { blocked: "verdict.protects", withdrawn: "verdict.withdrawn" };
  /** What decided. A message that left keeps the rule that once put it off: that is history. */
  const LEFT = ["allowed", "leaving", "unclear", "failed"];
  const reasonOf = ({ fate, rule, verdict }) => (LEFT.includes(fate) ? null : rule) || (verdict && verdict.rule) || null;
  function sentence(message) {
    const { fate, verdict, error } = message;
    if (fate === "failed") return error ? words("verdict.failed", { error }) : words("verdict.failed.plain");
    if (fate === "unclear") return words("verdict.unclear");
    return verdict ? verdict.summary : "";
  }
  function finding(one) {
    const outcome = one.outcome ? words("outcome." + one.outcome) : words("outcome.note");
    const rows = [[words("verdict.value"), one.value], [words("verdict.limit"), one.limit]]
      .filter(([, value]) => value)
      .map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
    if (one.evidence.length) rows.push([make("dt", {}, words("verdict.evidence")), one.evidence.map((e) => make("dd", {}, make("code", {}, e)))]);
    return make("li", { class: "finding" },
      make("p", {}, make("strong", {}, one.title), " ", make("span", { class: "tag" }, outcome)),
      make("p", {}, make("code", { class: "rule" }, one.rule)),
      one.sentence ? make("p", {}, marked(one.sentence)) : null,
      rows.length ? make("dl", { class: "facts" }, rows.flat(2)) : null,
      one.remedy ? make("p", { class: "remedy" }, make("strong", {}, words("verdict.remedy") + ": "), marked(one.remedy)) : null);
  }
  function proof(message) {
    const { verdict, earlier } = message;
    const parts = [];
    if (verdict) {
      parts.push(make("h3", {}, words("verdict.findings") + " (" + verdict.findings.length + ")"));
      parts.push(verdict.findings.length ? make("ol", { class: "findings" }, verdict.findings.map(finding)) : make("p", { class: "quiet" }, words("verdict.clean")));
      if (verdict.decided_at !== null) parts.push(make("p", { class: "small" }, words("verdict.decided") + ": " + both(verdict.decided_at, second, true) + ", " + (verdict.stage === "dispatch" ? words("verdict.stage.dispatch") : words("verdict.stage.admission"))));
    }
    const before = earlier.filter((v) => !verdict || v.outcome !== verdict.outcome || v.rule !== verdict.rule);
    if (before.length) {
      parts.push(make("h3", {}, words("verdict.earlier")));
      parts.push(make("ul", { class: "findings" }, before.map((v) => make("li", { class: "finding" },
        v.decided_at !== null ? make("p", { class: "small" }, both(v.decided_at, second, true)) : null,
        make("p", {}, make("span", { class: "tag" }, words("outcome." + v.outcome)), " ", v.summary),
        v.rule ? make("p", {}, make("code", { class: "rule" }, v.rule)) : null))));
    }
    const ids = [message.id, verdict && verdict.id, verdict && verdict.record_hash].filter(Boolean);
    parts.push(make("p", { class: "small ids" }, words("verdict.ids") + ": ", ids.map((id, i) => [i ? " · " : "", make("code", {}, id)]).flat()));
    return make("details", { class: "proof" }, make("summary", {}, words("verdict.more")), parts);
  }
  function card(item) {
    const { message } = item;
    if (!message) return make("article", { class: "card", "data-fate": "none" }, make("p", { class: "quiet" }, words("verdict.none")));
    const { fate, verdict } = message;
    const rule = reasonOf(message);
    const decisive = verdict ? verdict.findings.find((f) => f.rule === rule && f.remedy) : null;
    const said = sentence(message);
    const when = verdict && verdict.decided_at !== null ? verdict.decided_at : item.at;
    return make("article", { class: "card", "data-fate": fate, "data-rule": rule },
      make("p", { class: "verdict-line" },
        make("span", { class: "chip", "data-fate": fate }, icon(FATE_ICON[fate] || "question"), words("fate." + fate)),
        rule ? make("code", { class: "rule", title: words("verdict.rule") }, rule) : null,
        make("span", { class: "small when" }, both(when, hour, false))),
      item.reached ? null : make("blockquote", { class: "quote" }, contents(item.bubble)),
      said && fate !== "withdrawn" ? make("p", { class: "sentence" }, marked(said)) : null,
      PROTECTS[fate] ? make("p", { class: "protects" }, fate === "blocked" ? words("verdict.protects") : [words("verdict.withdrawn"), message.reason ? " " + message.reason + "." : ""]) : null,
      fate === "later" && verdict && verdict.until_at !== null ? make("p", { class: "sentence" }, words("verdict.until", { when: both(verdict.until_at, hour, true) })) : null,
      decisive && fate !== "allowed" ? make("p", { class: "remedy" }, make("strong", {}, words("verdict.remedy") + ": "), marked(decisive.remedy)) : null,
      make("p", { class: "small from" }, [item.accepted && strongest(item) ? words("status." + strongest(item)) : "", words("origin." + message.origin), words("purpose." + message.purpose), message.topic].filter(Boolean).join(" · ")),
      proof(message));
  }

  // ---- Rows -------------------------------------------------------------------------------

  function scopeName(scope) {
    return scope === "all" ? words("consent.all") : scope === "*" ? words("consent.general") : scope;
  }
  const promised = (promise) => (promise ? words("promise." + promise.per, { n: promise.max }) : "");
  /** What Meta posted about a message, as it went over the wire. */
  const rawButton = (wamid) => make("button", { type: "button", class: "raw-button", "data-raw": wamid, "aria-haspopup": "dialog", on: { click: () => openRaw(wamid) } }, "{ }", hidden(words("raw.open")));
  function personRow(item) {
    return [make("div", { class: "bubble mine" },
      hidden(words("phone.me") + ": "), contents(item.bubble),
      meta(item.at, ticks(item.read ? "read" : "delivered"), rawButton(item.key)))];
  }
  function businessRow(item) {
    const status = strongest(item);
    const fate = item.message ? item.message.fate : "allowed";
    const pending = ["allowed", "leaving", "later", "held", "unclear"].includes(fate);
    const name = state.thread.shop.name;
    const phone = item.reached
      ? make("div", { class: "bubble theirs" + (item.bubble.kind === "reaction" ? " slim" : "") }, hidden(name + ": "), contents(item.bubble), meta(item.at, ticks(status), item.wamid ? rawButton(item.wamid) : null), taps(item))
      : make("div", { class: "ghost", "data-fate": fate }, icon(FATE_ICON[fate] || "clock"),
        make("span", {}, pending ? words("phone.notyet") : words("phone.never")),
        make("time", { class: "small", datetime: new Date(item.at).toISOString() }, hour(item.at, state.zone)));
    return [phone, card(item)];
  }
  function noteRow(item) {
    const promise = promised(item.promise);
    return [make("div", { class: "note" }, icon("ledger"),
      make("span", {}, words("event." + item.event, { scope: scopeName(item.scope) }) + (promise ? " (" + promise + ")" : "")),
      make("span", { class: "small when" }, both(item.at, hour, false)))];
  }
  function row(item) {
    const cells = item.who === "person" ? personRow(item) : item.who === "business" ? businessRow(item) : noteRow(item);
    const [first, second] = cells;
    const isNote = item.who === "consent";
    return make("li", { class: "row " + item.who, "data-key": item.key, "data-wamid": item.wamid || null, "data-reached": item.who === "business" ? String(item.reached) : null },
      make("div", { class: "cell phone" }, isNote ? null : first),
      make("div", { class: "cell verdict" }, isNote ? first : second || null));
  }
  function dayRow(ms) {
    return make("li", { class: "row day", "data-key": "day-" + day(ms, state.zone) },
      make("div", { class: "cell phone" }, make("p", { class: "day-name" }, day(ms, state.zone))), make("div", { class: "cell verdict" }));
  }

  const log = byId("log");
  const items = byId("items");
  const newer = byId("newer");
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  function toEnd() { log.scrollTop = log.scrollHeight; newer.hidden = true; }

  /** Draws what changed: a row whose data is the same keeps its node, its focus and its folds. */
  function drawItems(fresh) {
    const stick = fresh || atEnd();
    const wanted = [];
    let last = null;
    for (const item of state.thread.items) {
      const today = day(item.at, state.zone);
      if (today !== last) { wanted.push(["day-" + today, today, () => dayRow(item.at)]); last = today; }
      wanted.push([item.key, JSON.stringify(item), () => row(item)]);
    }
    const before = state.drawn;
    const held = items.contains(document.activeElement) ? document.activeElement : null;
    const heldRow = held && held.closest("#items > *");
    const drawn = new Map();
    let added = 0;
    let cursor = items.firstChild;
    for (const [key, print, build] of wanted) {
      const old = before.get(key);
      let node = old && old.node;
      if (!old || old.print !== print) {
        node = build();
        if (old) {
          const fold = old.node.querySelector("details.proof");
          const folded = node.querySelector("details.proof");
          if (fold && folded) folded.open = fold.open;
          if (cursor === old.node) cursor = old.node.nextSibling;
          old.node.remove();
        } else added += 1;
      }
      if (node === cursor) cursor = cursor.nextSibling;
      else items.insertBefore(node, cursor);
      drawn.set(key, { node, print });
    }
    for (const [key, { node }] of before) if (!drawn.has(key) && node.parentNode === items) node.remove();
    // A row that was drawn anew, or only moved, has lost the focus it held.
    if (held && document.activeElement !== held) refocus(held, heldRow, drawn);
    state.drawn = drawn;
    if (stick) toEnd();
    else if (added) newer.hidden = false;
  }
  const ofMessage = (wamid) => [...items.children].find((row) => row.dataset.wamid !== undefined && row.dataset.wamid === wamid);
  function refocus(held, heldRow, drawn) {
    if (held.isConnected) return held.focus({ preventScroll: true });
    // A message has another key once its record is known; its id at Meta stays.
    const now = drawn.get(heldRow.dataset.key);
    const row = now ? now.node : ofMessage(heldRow.dataset.wamid);
    const same = held.dataset.tap !== undefined ? `[data-tap="${CSS.escape(held.dataset.tap)}"]`
      : held.dataset.list !== undefined ? "[data-list]" : held.dataset.raw !== undefined ? "[data-raw]" : held.tagName.toLowerCase();
    ((row && row.querySelector(same)) || log).focus({ preventScroll: true });
  }
  function announceChanges() {
    const fates = new Map();
    const news = [];
    for (const item of state.thread.items) {
      if (item.who !== "business") continue;
      const fate = item.message ? item.message.fate : "none";
      const known = state.fates.get(item.key);
      fates.set(item.key, { fate, reached: item.reached });
      if (!state.announced) continue;
      if (item.reached && !(known && known.reached)) news.push(words("said.arrived", { text: plain(item.bubble).slice(0, 200) }));
      if (item.message && !(known && known.fate === fate) && fate !== "leaving") {
        news.push(words("said.verdict", { fate: words("fate." + fate), sentence: sentence(item.message) }));
      }
    }
    state.fates = fates;
    state.announced = true;
    if (news.length) byId("announce").textContent = news.join(" ");
  }

  // ---- People and what is known of one ------------------------------------------------------

  function drawPeople() {
    const list = byId("people");
    if (state.people === null) {
      // Nobody of the shop before may be tapped while the people of this one are on their way.
      list.setAttribute("aria-busy", "true");
      list.dataset.print = "";
      list.replaceChildren(make("li", { class: "quiet" }, words("people.loading")));
      byId("who").textContent = "";
      return;
    }
    list.removeAttribute("aria-busy");
    // Drawn again only when it changed: a tap must not miss its button.
    const print = JSON.stringify([state.people, state.person]);
    if (list.dataset.print === print) return;
    list.dataset.print = print;
    const focusKey = list.contains(document.activeElement) ? document.activeElement.dataset.person : null;
    if (!state.people.length) {
      list.replaceChildren(make("li", { class: "quiet" }, words("people.none") + " ", marked(words("people.none.what"))));
      return;
    }
    list.replaceChildren(...state.people.map((person) => {
      const refused = person.refused === 1 ? words("people.refused.one") : words("people.refused.many", { n: person.refused });
      return make("li", {}, make("button", {
        type: "button", class: "writer", "data-person": person.key, "data-refused": person.refused,
        "aria-current": person.key === state.person ? "true" : null, on: { click: () => choose(person.key) },
      },
        make("span", { class: "avatar", "aria-hidden": "true" }, initials(person.name)),
        make("span", { class: "person-words" },
          make("span", { class: "person-name" }, person.name),
          make("span", { class: "small block" }, person.address + (person.known ? "" : " · " + words("people.stranger"))),
          person.refused ? make("span", { class: "small block refused" }, icon("shield"), refused) : null)));
    }));
    if (focusKey) {
      const again = [...list.querySelectorAll("button")].find((b) => b.dataset.person === focusKey);
      if (again) again.focus({ preventScroll: true });
    }
    const shown = list.querySelector("[aria-current]");
    if (shown) shown.scrollIntoView({ block: "nearest" });
    const current = state.people.find((p) => p.key === state.person);
    byId("who").textContent = current ? current.name : "";
  }
  const initials = (name) => name.split(/\s+/).slice(0, 2).map((w) => [...w][0] || "").join("").toUpperCase();

  function drawAbout() {
    const { contact, person, shop: card } = state.thread;
    const parts = [];
    if (card.stopped) parts.push(make("p", { class: "stopped" }, icon("hand"), words("shop.stopped", { reason: card.stopped })));
    if (card.resting) parts.push(make("p", { class: "stopped", id: "resting" }, icon("hand"), words("shop.resting", { what: card.resting.what, when: both(card.resting.until_at, hour, true) })));
    parts.push(make("h3", {}, words("window.title")), make("p", { id: "window-line", class: "window-line" }));
    parts.push(make("h3", {}, words("owner.title")));
    const human = Boolean(contact && contact.owner === "human");
    parts.push(make("p", { class: "owner", "data-owner": human ? "human" : "bot" }, icon(human ? "person" : "bot"),
      make("strong", {}, human ? words("owner.human") : words("owner.bot")),
      human && contact.handed_over_at !== null ? make("span", { class: "small" }, " " + words("owner.since", { when: both(contact.handed_over_at, hour, true) })) : null));
    if (human && contact.handover_reason) parts.push(make("p", { class: "small" }, words("owner.reason", { reason: contact.handover_reason })));
    if (human) parts.push(make("button", { type: "button", id: "give-back", class: "chip-button", on: { click: () => act("give-back", {}, words("owner.given")) } }, icon("bot"), words("owner.give_back")));
    parts.push(make("h3", {}, words("consent.title")));
    const standings = contact ? contact.consent : [{ topic: "*", state: "unknown", at: null, promise: null }];
    parts.push(make("dl", { class: "standings" }, standings.flatMap((s) => [
      make("dt", {}, s.topic === "*" ? words("consent.general") : s.topic),
      make("dd", {}, make("span", { class: "standing", "data-state": s.state }, icon({ granted: "check", revoked: "hand", declined: "cross", requested: "question" }[s.state] || "question"), words("consent." + s.state)),
        make("span", { class: "small block" }, [s.at !== null ? shortDay(s.at, state.zone) : "", promised(s.promise)].filter(Boolean).join(" · "))),
    ])));
    if (contact && contact.marketing_stopped_at !== null) parts.push(make("p", { class: "standing", "data-state": "revoked" }, icon("bell"), words("consent.meta_stop", { when: both(contact.marketing_stopped_at, hour, true) })));
    const about = byId("about");
    const print = JSON.stringify([contact, card.stopped, card.resting, state.zone]);
    if (about.dataset.print !== print) {
      const held = about.contains(document.activeElement);
      about.dataset.print = print;
      about.replaceChildren(...parts);
      if (held) (byId("give-back") || byId("text")).focus({ preventScroll: true });
    }
    const pill = byId("pill-owner");
    pill.hidden = false;
    pill.dataset.kind = human ? "human" : "bot";
    pill.replaceChildren(icon(human ? "person" : "bot"), make("span", {}, human ? words("owner.human") : words("owner.bot")));
    byId("phone-title").textContent = card.name;
    byId("phone-sub").textContent = state.thread.typing ? words("phone.typing") : words("phone.of", { name: person.name }) + " · " + card.display;
    const stopped = Boolean(contact && contact.marketing_stopped_at !== null);
    const blocked = state.thread.blocked;
    byId("act-block").dataset.value = String(!blocked);
    byId("act-block").lastElementChild.textContent = blocked ? words("acts.unblock") : words("acts.block");
    const preference = byId("act-preference");
    preference.dataset.value = stopped ? "resume" : "stop";
    preference.lastElementChild.textContent = stopped ? words("acts.preference.resume") : words("acts.preference.stop");
  }
  function drawState() {
    const line = byId("log-state");
    const thread = state.thread;
    const waiting = !thread && (state.people === null || Boolean(state.person));
    log.setAttribute("aria-busy", String(waiting));
    line.hidden = Boolean(thread && thread.items.length && !thread.shortened);
    if (!state.person && !waiting) line.replaceChildren(words("phone.pick"));
    else if (!thread) line.replaceChildren(words("phone.loading"));
    else if (!thread.items.length) {
      const hello = greeting();
      line.replaceChildren(make("strong", {}, words("phone.empty")), " " + words("phone.empty.what"),
        make("button", { type: "button", class: "chip-button", on: { click: () => write(hello) } }, icon("send"), words("write.hello.button", { word: hello })));
    } else if (thread.shortened) line.replaceChildren(words("phone.older"));
    for (const id of ["send", "act-location", "act-photo", "act-stop", "act-preference", "act-order", "act-block", "act-report", "act-number", "act-username"]) byId(id).disabled = !thread;
  }
  /** A shop is greeted, and left, in its own language. */
  const greeting = () => ({ es: "hola", pt: "olá", en: "hello" })[shop().dataset.language] || words("write.hello");
  const stopWord = () => ({ es: "BAJA", pt: "SAIR", en: "STOP" })[shop().dataset.language] || "BAJA";

  // ---- The menu of a list -------------------------------------------------------------------

  const menu = byId("menu");
  let menuOf = null;
  /** Where the focus goes back to, when it is no list of a message. */
  let opener = null;
  function openMenu(item) {
    const { list } = item.bubble;
    menuOf = item.wamid;
    byId("menu-title").textContent = list.button;
    byId("menu-body").replaceChildren(...list.sections.map((section) => make("section", {},
      section.title ? make("h3", {}, section.title) : null,
      section.rows.map((r) => make("button", {
        type: "button", class: "menu-row", "data-row": r.id,
        on: { click: () => { menu.close(); act("tap", { message: item.wamid, id: r.id }, words("said.sent")); } },
      }, make("span", { class: "menu-name" }, r.title), r.description ? make("span", { class: "small block" }, r.description) : null)))));
    menu.showModal();
    byId("menu-body").querySelector("button").focus();
  }
  async function openRaw(wamid) {
    let posts;
    try {
      const query = new URLSearchParams({ message: wamid });
      if (state.number) query.set("number", state.number);
      posts = (await ask(at("webhooks?" + query))).posts;
    } catch (fault) {
      showFault(fault, "act", () => { clearFault("act"); openRaw(wamid); });
      return;
    }
    menuOf = null;
    opener = () => document.querySelector(`[data-raw="${CSS.escape(wamid)}"]`);
    byId("menu-title").textContent = words("raw.title");
    byId("menu-body").replaceChildren(...(posts.length ? posts.map((post) => make("section", {},
      make("h3", {}, post.at === null ? "" : both(post.at, second, true)),
      make("p", { class: "small" }, words("raw.outcome") + ": ", make("code", {}, String(post.outcome))),
      make("pre", { class: "raw", tabindex: "0", lang: "en" }, JSON.stringify(post.body, null, 2)))) : [make("p", { class: "quiet" }, words("raw.none"))]));
    menu.showModal();
    byId("menu-close").focus();
  }
  /** Asks for one line of text; the person is called by another key afterwards. */
  function openAsk(button, what, key, label, hint, done) {
    menuOf = null;
    opener = () => button;
    byId("menu-title").textContent = button.textContent;
    const field = make("input", { id: "ask-field", type: "text", maxlength: "60", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: hint });
    const form = make("form", { class: "ask-form", on: { submit: async (event) => {
      event.preventDefault();
      const person = state.person;
      const answer = await act(what, { [key]: field.value }, done);
      menu.close();
      if (answer && answer.person && answer.person !== person) { state.person = answer.person; state.people = null; forget(); remember(); refresh(); }
    } } }, make("label", { for: "ask-field" }, label), field, make("button", { type: "submit", class: "chip-button", id: "ask-do" }, words("acts.do")));
    byId("menu-body").replaceChildren(form);
    menu.showModal();
    field.focus();
  }
  // A status may have drawn the message anew meanwhile: then its button is another one, and the
  // browser leaves the focus in the closed menu until it draws next.
  menu.addEventListener("close", () => {
    const focused = document.activeElement;
    if (focused && focused !== document.body && !menu.contains(focused)) return;
    const row = menuOf && ofMessage(menuOf);
    const back = menuOf ? row && row.querySelector("[data-list]") : opener && opener();
    (back || log).focus();
  });
  byId("menu-close").addEventListener("click", () => menu.close());
  menu.addEventListener("click", (event) => { if (event.target === menu) menu.close(); });

  // ---- Loading ------------------------------------------------------------------------------

  let busy = false;
  let again = false;
  async function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      await load();
      clearFault("load");
    } catch (fault) {
      if (fault instanceof Fault && fault.code === "offline") showLive("off");
      byId("people").removeAttribute("aria-busy");
      log.setAttribute("aria-busy", "false");
      showFault(fault, "load", refresh);
    } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  }
  async function load() {
    const wanted = shopSelect.value;
    // The list costs more than the conversation and changes less: not more often than every 2 s.
    if (state.people === null || performance.now() - state.peopleAt > 2000) {
      const number = state.number ? "?number=" + encodeURIComponent(state.number) : "";
      const { people } = await ask(at("people" + number));
      if (wanted !== shopSelect.value) { again = true; return; }
      state.people = people;
      state.peopleAt = performance.now();
      if (!people.some((p) => p.key === state.person)) {
        state.person = people.length ? people[0].key : null;
        remember();
      }
      drawPeople();
      drawState();
    } else if (later === null) {
      later = setTimeout(() => { later = null; refresh(); }, 2100);
    }
    if (!state.person) return;
    const person = state.person;
    const query = new URLSearchParams({ person, lang });
    if (state.number) query.set("number", state.number);
    const thread = await ask(at("thread?" + query));
    if (person !== state.person || wanted !== shopSelect.value) { again = true; return; }
    const fresh = !state.thread;
    state.thread = thread;
    state.zone = thread.shop.timezone;
    state.base = { at: thread.now_at, since: performance.now() };
    drawAbout();
    drawState();
    drawItems(fresh);
    announceChanges();
    tick();
  }
  let later = null;
  let soon = null;
  function refreshSoon() {
    if (soon === null) soon = setTimeout(() => { soon = null; refresh(); }, 120);
  }
  function listen() {
    const events = new EventSource("/console/events");
    events.addEventListener("hello", () => { showLive("on"); refreshSoon(); });
    events.addEventListener("changed", refreshSoon);
    events.addEventListener("error", () => showLive(navigator.onLine ? "polling" : "off"));
    // The browser reconnects by itself unless it was turned away; until then the page asks.
    setInterval(() => {
      if (events.readyState !== EventSource.OPEN && !document.hidden) refresh();
    }, 3000);
    addEventListener("online", () => { showLive(events.readyState === EventSource.OPEN ? "on" : "polling"); refreshSoon(); });
    addEventListener("offline", () => showLive("off"));
    addEventListener("pagehide", () => events.close());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) refreshSoon(); });
  }

  // ---- Doing --------------------------------------------------------------------------------

  async function act(what, payload, done) {
    try {
      const answer = await ask(at(what), { ...who(), ...payload });
      clearFault("act");
      if (done) byId("announce").textContent = done;
      refreshSoon();
      return answer;
    } catch (fault) {
      showFault(fault, "act", () => { clearFault("act"); refresh(); });
      return false;
    }
  }
  const field = byId("text");
  function grow() {
    field.style.height = "auto";
    field.style.height = Math.min(field.scrollHeight + 2, 120) + "px";
  }
  let sending = false;
  async function write(text) {
    if (!text.trim() || sending || !state.thread) return false;
    sending = true;
    byId("send").disabled = true;
    const done = await act("say", { message: { type: "text", text } }, words("said.sent"));
    sending = false;
    byId("send").disabled = !state.thread;
    if (done) toEnd();
    return done;
  }
  async function submit() {
    const text = field.value;
    // What was written stays until it was taken.
    if (await write(text)) { if (field.value === text) field.value = ""; grow(); }
    field.focus();
  }
  /** A well-known square near the shop. */
  const SQUARES = { "America/Bogota": [4.5981, -74.076], "America/Mexico_City": [19.4326, -99.1332], "America/Sao_Paulo": [-23.5503, -46.6339] };
  function sendLocation() {
    const [latitude, longitude] = SQUARES[shop().dataset.timezone] || [-34.6083, -58.3712];
    act("say", { message: { type: "location", latitude, longitude, name: words("acts.place") } }, words("said.sent"));
  }
  byId("write").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
  });
  field.addEventListener("input", grow);
  byId("act-location").addEventListener("click", sendLocation);
  byId("act-photo").addEventListener("click", () => act("say", { message: { type: "image", caption: words("acts.caption") } }, words("said.sent")));
  byId("act-stop").addEventListener("click", () => write(stopWord()));
  byId("act-preference").addEventListener("click", (event) => {
    const value = event.currentTarget.dataset.value || "stop";
    act("preference", { value }, value === "stop" ? words("said.stopped") : words("said.resumed"));
  });
  /** What things cost where the shop is. */
  const CURRENCIES = { "America/Bogota": ["COP", 45000], "America/Mexico_City": ["MXN", 250], "America/Sao_Paulo": ["BRL", 80] };
  byId("act-order").addEventListener("click", () => {
    const [currency, price] = CURRENCIES[shop().dataset.timezone] || ["USD", 12];
    act("say", { message: { type: "order", quantity: 2, price, currency, note: words("acts.order.note") } }, words("said.sent"));
  });
  byId("act-block").addEventListener("click", (event) => {
    const value = event.currentTarget.dataset.value !== "false";
    act("block", { value }, value ? words("said.blocked") : words("said.unblocked"));
  });
  byId("act-report").addEventListener("click", () => act("report", {}, words("said.reported")));
  for (const [id, what, key, label, hint, done] of [
    ["act-number", "number", "to", words("acts.number.label"), "+57 300 111 2233", words("said.number")],
    ["act-username", "username", "name", words("acts.username.label"), "ana.lopez", words("said.username")],
  ]) {
    const button = byId(id);
    button.hidden = !canJump;
    button.addEventListener("click", () => openAsk(button, what, key, label, hint, done));
  }
  const jump = byId("act-jump");
  jump.hidden = !canJump;
  jump.addEventListener("click", async () => {
    jump.disabled = true;
    await act("jump", { hours: 25 }, words("said.jumped"));
    jump.disabled = false;
    jump.focus({ preventScroll: true });
  });
  newer.addEventListener("click", toEnd);
  log.addEventListener("scroll", () => { if (atEnd()) newer.hidden = true; }, { passive: true });
  const more = byId("more");
  more.addEventListener("click", () => {
    const open = more.getAttribute("aria-expanded") !== "true";
    more.setAttribute("aria-expanded", String(open));
    byId("acts").classList.toggle("open", open);
  });

  // ---- Choosing -----------------------------------------------------------------------------

  /** The address says what is shown, so that a reload or a sent link shows it again. */
  function remember() {
    const query = new URLSearchParams({ lang, shop: shopSelect.value });
    if (state.person) query.set("person", state.person);
    history.replaceState(null, "", "?" + query);
    for (const link of document.querySelectorAll(".languages a")) {
      query.set("lang", link.hreflang);
      link.setAttribute("href", "?" + query);
    }
  }
  function forget() {
    state.thread = null;
    state.announced = false;
    state.fates = new Map();
    state.drawn = new Map();
    items.replaceChildren();
    newer.hidden = true;
    byId("pill-window").hidden = true;
    byId("pill-owner").hidden = true;
    clearFault("act");
  }
  function choose(key) {
    if (key !== state.person) { state.person = key; forget(); remember(); drawPeople(); drawState(); refresh(); }
    if (!wide.matches) byId("people-fold").open = false;
  }
  function openShop() {
    const option = shop();
    state.zone = option.dataset.timezone;
    const numbers = option.dataset.numbers.split(";").filter(Boolean).map((pair) => pair.split("|"));
    const select = byId("number");
    select.replaceChildren(...numbers.map(([id, display]) => make("option", { value: id }, display)));
    state.number = numbers.length ? numbers[0][0] : null;
    byId("number-field").hidden = numbers.length < 2;
    byId("act-stop").lastElementChild.textContent = words("acts.stop", { word: stopWord() });
  }
  shopSelect.addEventListener("change", () => {
    state.people = null;
    forget();
    openShop();
    remember();
    drawPeople();
    drawState();
    refresh();
  });
  byId("number").addEventListener("change", (event) => { state.number = event.currentTarget.value; forget(); drawState(); refresh(); });

  const wide = matchMedia("(min-width: 900px)");
  function unfold() { for (const fold of document.querySelectorAll(".fold")) fold.open = wide.matches; }
  wide.addEventListener("change", unfold);

  unfold();
  openShop();
  showLive("polling");
  drawState();
  remember();
  setInterval(tick, 1000);
  listen();
  refresh();
})();
