// Starts the page and keeps it up to date: one stream of changes in, small painted fragments swapped in place.

import { startBlocks } from "./blocks.js";
import { startComposers } from "./composer.js";
import { refreshViews, startModals } from "./modal.js";
import { adopt, morph, parse } from "./morph.js";
import { act, app, channel, coalesced, fragment, me } from "./net.js";
import { startSelects } from "./select.js";

const scroller = document.getElementById("scroller");
const thread = document.getElementById("thread");
const jump = document.querySelector(".jump");
const limit = document.body.dataset.limit;
const isHome = document.body.dataset.tab === "home";
const NEAR_PX = 80;
const RETRY_MS = 2000;
const HIDDEN_MS = 5000;

let isStuck = true; // whether the newest message is in sight and should stay so

const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;

/** Change a scrolling list without moving what a person reads; one who is at the end stays there. */
function keepingPlace(box, change) {
  const wasAtEnd = isAtEnd(box);
  change();
  if (wasAtEnd) box.scrollTop = box.scrollHeight;
  return wasAtEnd;
}

function noteNew(wasAtEnd) {
  if (jump && !wasAtEnd) jump.hidden = false;
}

const refreshMessages = coalesced(async () => {
  const html = await fragment("messages", { channel, limit });
  const list = document.getElementById("messages");
  if (html && list) keepingPlace(scroller, () => morph(list, parse(html)));
});

const refreshMessage = coalesced(async (ts) => {
  const html = await fragment("message", { channel, ts });
  const old = document.getElementById(`m-${ts}`);
  if (!html) return old?.remove();
  const fresh = parse(html);
  const list = document.getElementById("messages");
  const wasAtEnd = keepingPlace(scroller, () => {
    if (old) return morph(old, fresh);
    adopt(fresh);
    const after = [...list.querySelectorAll(":scope > .item")].find((item) => Number(item.dataset.ts) > Number(ts));
    return list.insertBefore(fresh, after ?? null);
  });
  if (!old) noteNew(wasAtEnd);
});

const refreshThread = coalesced(async () => {
  const ts = thread.dataset.ts;
  if (!ts) return;
  const html = await fragment("thread", { channel, ts });
  if (thread.dataset.ts !== ts || !html) return;
  const box = thread.querySelector(".scroller");
  keepingPlace(box, () => morph(document.getElementById("thread-messages"), parse(html)));
});

const swap = (id, name, query) =>
  coalesced(async () => {
    const html = await fragment(name, query);
    const old = document.getElementById(id);
    if (html && old) morph(old, parse(html));
  });
const refreshSidebar = swap("sidebar-lists", "sidebar", { channel, app });
const refreshStatus = swap("status", "status", { channel });
const refreshHome = swap("home", "home", { app });

function onChange(change) {
  const { kind, ts, thread_ts: parent } = change;
  if (kind === "view") return refreshViews();
  if (kind === "home") return isHome && refreshHome();
  if (kind === "violation") return refreshStatus();
  if (kind === "channel") return refreshStatus().then(() => refreshSidebar());
  if (kind === "resync") return resync();
  if (!kind.startsWith("message")) return undefined;
  if (change.channel !== channel || isHome) return refreshSidebar();
  const root = parent && parent !== ts ? parent : ts;
  if (thread.dataset.ts === root) refreshThread();
  if (kind === "message_deleted" && root === ts) return refreshMessages();
  if (root !== ts) refreshMessage(ts); // a reply that was sent to the channel too
  return refreshMessage(root);
}

function resync() {
  refreshViews();
  refreshSidebar();
  refreshStatus();
  if (isHome) return refreshHome();
  refreshThread();
  return refreshMessages();
}

/** Listen for changes; the browser reconnects by itself, and what was missed meanwhile is fetched at once.
 *
 * A tab that is out of sight lets go: a browser keeps at most six connections to a server open, for all its tabs.
 */
function listen() {
  const source = new EventSource(`/ui/changes?user=${encodeURIComponent(me)}`);
  const status = document.querySelector(".connection");
  source.onopen = () => {
    status.hidden = true;
    document.body.dataset.live = "yes";
    resync();
  };
  source.onerror = () => {
    status.hidden = false;
    document.body.dataset.live = "no";
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  };
  source.onmessage = (event) => onChange(JSON.parse(event.data));
  addEventListener("pagehide", () => source.close(), { once: true });
  let leaving = 0;
  const look = () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(() => source.close(), HIDDEN_MS);
    else if (source.readyState === EventSource.CLOSED) {
      document.removeEventListener("visibilitychange", look);
      listen();
    }
  };
  document.addEventListener("visibilitychange", look);
}

async function openThread(ts) {
  thread.dataset.ts = ts;
  const composer = thread.querySelector(".composer");
  composer.dataset.threadTs = ts;
  composer.dispatchEvent(new Event("place"));
  document.getElementById("thread-messages").replaceChildren();
  thread.hidden = false;
  const address = new URL(location.href);
  address.searchParams.set("thread", ts);
  history.replaceState(null, "", address);
  await refreshThread();
  thread.querySelector(".text-box").focus();
}

function closeThread() {
  const ts = thread.dataset.ts;
  thread.hidden = true;
  delete thread.dataset.ts;
  const address = new URL(location.href);
  address.searchParams.delete("thread");
  history.replaceState(null, "", address);
  document.querySelector(`#messages [data-thread="${CSS.escape(ts)}"]`)?.focus();
}

function onClick(event) {
  const opener = event.target.closest("[data-thread]");
  if (opener) return openThread(opener.dataset.thread);
  if (event.target.closest("[data-close-thread]")) return closeThread();
  const reaction = event.target.closest("[data-react], [data-reaction]");
  if (reaction) {
    const { ts } = reaction.closest(".item").dataset;
    return act("reaction", { channel, ts, name: reaction.dataset.react ?? reaction.dataset.reaction });
  }
  const menu = event.target.closest(".menu-button");
  const sidebar = document.getElementById("sidebar");
  const isOpen = menu ? sidebar.classList.toggle("open") : event.target.closest(".sidebar") && sidebar.classList.contains("open");
  if (!isOpen) sidebar.classList.remove("open");
  document.querySelector(".menu-button").setAttribute("aria-expanded", String(Boolean(isOpen)));
  return undefined;
}

/** Stay at the newest message when the list or its window changes size: a picture loads, a thread opens. */
function watchSize() {
  const list = document.getElementById("messages");
  if (!list) return;
  const observer = new ResizeObserver(() => {
    if (isStuck) scroller.scrollTop = scroller.scrollHeight;
  });
  observer.observe(scroller);
  observer.observe(list);
}

/** Go where the address points: a message, or the newest one. */
function settle() {
  const target = location.hash.startsWith("#m-") && document.getElementById(location.hash.slice(1));
  if (target) {
    target.classList.add("target");
    isStuck = false;
    target.scrollIntoView({ block: "center" });
  } else if (scroller && !isHome) {
    scroller.scrollTop = scroller.scrollHeight;
  }
  const wanted = new URLSearchParams(location.search).get("thread");
  if (wanted && !isHome) openThread(wanted);
}

adopt(document.body);
startBlocks();
startSelects();
startComposers(() => {
  scroller.scrollTop = scroller.scrollHeight;
});
startModals();
document.addEventListener("click", onClick);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !thread.hidden && thread.contains(event.target)) closeThread();
});
scroller?.addEventListener("scroll", () => {
  isStuck = isAtEnd(scroller);
  if (jump && isStuck) jump.hidden = true;
});
jump?.addEventListener("click", () => {
  scroller.scrollTop = scroller.scrollHeight;
});
settle();
watchSize();
if (isHome) act("home", { app_id: app });
listen();
