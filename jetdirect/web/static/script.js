"use strict";
// Keeps an open page as it is by now. Everything works without it, too.

const here = document.body.dataset.here;
const live = document.getElementById("live");

// One row becomes another one; what has the focus, and what somebody fills in, stays.
function become(old, now) {
  if (old.nodeType !== now.nodeType || old.nodeName !== now.nodeName) {
    old.replaceWith(now);
  } else if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== now.data) old.data = now.data;
  } else if (!(old.nodeName === "DETAILS" && old.open) && !old.matches("form[role=search]")) {
    for (const { name, value } of [...now.attributes]) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!now.hasAttribute(name)) old.removeAttribute(name);
    }
    const was = [...old.childNodes];
    const are = [...now.childNodes];
    are.forEach((each, n) => (was[n] ? become(was[n], each) : old.append(each)));
    was.slice(are.length).forEach((each) => each.remove());
  }
}

function made(text) {
  const box = document.createElement("template");
  box.innerHTML = text;
  return box.content.firstElementChild;
}

// A row may go from one box to another one: none is removed before all stand where they belong.
function arrange(boxes, fresh) {
  const focused = document.activeElement;
  const wanted = new Map();
  for (const [key, keys] of Object.entries(boxes)) {
    const rows = keys.map((each) => document.getElementById(each) || fresh.get(each));
    const box = document.getElementById(key);
    if (box) wanted.set(box, rows.filter(Boolean));
  }
  for (const [box, rows] of wanted) {
    rows.forEach((each, n) => {
      if (box.children[n] !== each) box.insertBefore(each, box.children[n] || null);
    });
  }
  for (const [box, rows] of wanted) {
    for (const each of [...box.children]) if (!rows.includes(each)) each.remove();
  }
  if (focused !== document.activeElement && focused.isConnected) focused.focus();
}

function take(news) {
  document.title = news.title;
  const icon = document.getElementById("icon");
  if (icon.getAttribute("href") !== news.icon) icon.href = news.icon;
  const fresh = new Map();
  for (const [key, text] of Object.entries(news.rows)) {
    const old = document.getElementById(key);
    if (old) become(old, made(text));
    else fresh.set(key, made(text));
  }
  arrange(news.boxes, fresh);
}

let stream = null;
let again = 0;

function tell(text, lost) {
  if (live.textContent !== text) live.textContent = text;
  live.classList.toggle("lost", lost);
}

function listen() {
  clearTimeout(again);
  if (stream || document.hidden) return;
  stream = new EventSource("/events?of=" + encodeURIComponent(here));
  stream.onopen = () => tell("Live", false);
  stream.onmessage = (event) => take(JSON.parse(event.data));
  stream.onerror = () => {
    const at = new Date().toTimeString().slice(0, 5);
    if (!live.classList.contains("lost")) {
      tell("Not connected: shown is " + at, true);
      document.title = "Not connected - " + document.title;
    }
    if (stream.readyState === EventSource.CLOSED) {
      leave();
      again = setTimeout(listen, 10000);
    }
  };
}

function leave() {
  if (stream) stream.close();
  stream = null;
}

// A browser has few connections for one host: what nobody looks at has none.
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", listen);

// An answer changes the page in place, and the focus stays where somebody reads on.
document.addEventListener("submit", async (event) => {
  if (event.target.id !== "ask" || !event.submitter) return;
  event.preventDefault();
  const button = event.submitter;
  const row = button.closest("[tabindex='-1']")?.id;
  const body = new URLSearchParams([
    ...[...new FormData(event.target)].filter(([name]) => name === "token" || name === "back"),
    ...[...button.closest("details").querySelectorAll("[name]")].map((e) => [e.name, e.value]),
  ]);
  button.disabled = true;
  try {
    const headers = { Accept: "text/html" };
    const answer = await fetch(button.formAction, { method: "POST", body, headers });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    button.closest("details").open = false;
    become(document.querySelector("main"), page.querySelector("main"));
    document.title = page.title;
    (document.getElementById(row) || document.getElementById("main")).focus();
  } catch {
    tell("Not connected: it is not known whether that was done", true);
  }
  button.disabled = false;
});

// Only one question at a time; Escape takes it back.
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest("details[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

listen();
