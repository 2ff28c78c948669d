/* What every page shares: CSRF, dialogs, toasts, popovers, keys, the states "loading", "offline", "could not refresh".
   In: markup with data-* attributes and the server's HX-Trigger events. Out: DOM events other scripts may use:
     toast        {text, kind: "ok"|"bad", undo: {url, target}}   shows a toast
     announce     {text}                                            reads it out to screen readers
     dialog-open  {dialog}                                          opens it over the page
     dialog-close                                                   closes the dialog on top
   No text lives here: words come from data attributes of <body> and from <template> elements of base.html. */

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const words = document.body.dataset;
const on = (names, handler, capture = false) =>
  names.split(" ").forEach((name) => document.addEventListener(name, handler, capture));

/* ---- CSRF, for this htmx and the next; a login in another tab changes the token ---- */
const token = $("meta[name=csrf-token]");
function renew() {
  const fresh = /csrf=(\w+)/.exec(document.cookie)?.[1];
  if (fresh) $$("[name^=csrf]").forEach((field) => (field.content = field.value = fresh));
}
addEventListener("focus", renew, true);
on("submit htmx:confirm", renew, true);
on("htmx:configRequest htmx:config:request", ({ detail }) => ((detail.ctx?.request ?? detail).headers["X-CSRFToken"] = token.content));

/* ---- dialogs: drawer, modals, sheet, palette ---- */
const drawer = $("#drawer");
let ignoreBack = false; // we go back ourselves when the drawer closes
const topDialog = () => $$("dialog[open]").at(-1);

function openDialog(dialog) {
  if (dialog.open) return;
  keepFocus(dialog);
  dialog.showModal();
  homeToasts();
}

/* Where the focus is when a dialog or a toast comes, it is again when that goes, unless it has found a place. */
function keepFocus(piece) {
  piece.opener = document.activeElement;
  piece.above = piece.opener.closest("[id]")?.id;
}

function returnFocus({ opener, above }) {
  if (document.activeElement !== document.body) return;
  if (opener?.isConnected) return opener.focus();
  document.getElementById(above)?.querySelector("a, button")?.focus();
}

on("click", (event) => {
  const open = event.target.closest("[data-open]");
  if (open) openDialog(document.getElementById(open.dataset.open));
  const close = event.target.closest("[data-close]");
  if (close) close.closest("dialog").close();
  const gone = event.target.closest("[data-dismiss], [data-undo]")?.parentNode;
  if (gone) {
    gone.remove();
    returnFocus(gone);
  }
  const dialog = event.target;
  if (dialog.matches("dialog:not([data-static])") && !insideBox(event, dialog)) dialog.close();
});

function insideBox(event, element) {
  if (event.detail === 0) return true; // a key press, not a pointer
  const box = element.getBoundingClientRect();
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
}

on("close", (event) => {
  if (!event.target.matches("dialog")) return;
  homeToasts();
  returnFocus(event.target);
  if (event.target !== drawer || !history.state?.drawer) return;
  ignoreBack = true;
  history.back();
}, true);
on("dialog-open", ({ detail }) => openDialog(detail.dialog));
on("dialog-close", () => topDialog()?.close());

/* The drawer's address is the page of what it shows. Back closes it; htmx must not restore the page then. */
function drawerShown(path) {
  const wasOpen = drawer.open;
  openDialog(drawer);
  if (!path || new URL(path, location).pathname === location.pathname) return;
  history[wasOpen ? "replaceState" : "pushState"]({ drawer: true }, "", path);
}
const own = location.pathname;
const isDrawers = history.state?.drawer; // the page itself under the drawer's address, after a reload say
addEventListener("popstate", (event) => {
  const isOther = (isDrawers || event.state?.drawer) && location.pathname !== own;
  if (isOther || ignoreBack || drawer?.open) event.stopImmediatePropagation();
  if (isOther) return location.reload();
  ignoreBack = false;
  if (drawer?.open) drawer.close();
}, true);

/* ---- htmx: what happens around a swap ---- */
on("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig: asked } = event.detail;
  const isOut = xhr.status === 401;
  if (isOut && asked.elt !== document.body && !isSent(asked)) missed.set(asked.target, asked);
  if (isOut && $("#signed-out")) return (event.detail.shouldSwap = false); // told once
  const toasts = $("#toasts"); // they live in the dialog on top and must outlive its content
  if (event.detail.target?.contains(toasts)) document.body.append(toasts);
});
on("htmx:afterSwap htmx:after:swap", (event) => {
  const target = event.detail.target ?? event.detail.ctx?.target ?? event.target;
  $$(".error-line[data-for]").forEach((line) => line.dataset.for === target.id && line.remove());
  if (target === drawer) drawerShown(event.detail.requestConfig?.path);
  else if (target.matches?.("dialog") && target.childElementCount) openDialog(target);
  homeToasts();
});

/* ---- session ended: what was asked for meanwhile is asked anew ---- */
const missed = new Map();
const isSent = ({ verb, triggeringEvent }) => verb !== "get" && /submit|click/.test(triggeringEvent?.type);
const askSession = () => htmx.ajax("GET", words.session, { source: document.body, swap: "none" });
on("signed-out", askSession);
addEventListener("focus", () => $("#signed-out") && askSession());
function signedIn() {
  $("#signed-out")?.remove();
  missed.forEach(({ elt, path, verb }) => elt.isConnected && htmx.ajax(verb, path, { source: elt }));
  missed.clear();
}

on("htmx:responseError", (event) => {
  const { xhr, target, requestConfig } = event.detail;
  if (/"toast"/.test(xhr.getResponseHeader("HX-Trigger") ?? "")) return; // the server has said why
  if (!target?.id || target.matches("body, dialog")) return toast({ text: words.errorText, kind: "bad" });
  $(`.error-line[data-for="${target.id}"]`)?.remove();
  const line = $("#error-template").content.cloneNode(true).firstElementChild;
  line.dataset.for = target.id;
  $("button", line).addEventListener("click", () => retry(requestConfig, target, line));
  target.before(line);
});

function retry(config, target, line) {
  line.remove();
  const values = config.verb === "get" ? {} : Object.fromEntries(config.formData ?? []);
  htmx.ajax(config.verb, config.path, { source: config.elt, target, values });
}

/* ---- offline strip: "no connection, data of 14:32" ---- */
const clock = new Intl.DateTimeFormat("ru", { timeStyle: "short", timeZone: words.zone });
let lastSuccess = new Date();
function offline(isOffline) {
  const strip = $("#offline");
  if (!strip) return;
  if (isOffline) $("time", strip).textContent = clock.format(lastSuccess);
  document.body.classList.toggle("offline", isOffline);
}
addEventListener("offline", () => offline(true));
addEventListener("online", () => offline(false));
on("htmx:sendError htmx:timeout", ({ detail }) => {
  offline(true);
  if (isSent(detail.requestConfig)) toast({ text: words.offlineText, kind: "bad" }); // over dialogs
});
on("htmx:afterOnLoad", ({ detail }) => {
  lastSuccess = new Date();
  offline(false);
  if (detail.xhr.status !== 401) signedIn();
});

/* ---- toasts ---- */
function homeToasts() {
  const toasts = $("#toasts");
  const home = topDialog() ?? document.body; // nothing outside an open modal can be clicked
  if (toasts && toasts.parentElement !== home) home.append(toasts);
}

function toast({ text, kind = "ok", undo }) {
  const node = $("#toast-template").content.cloneNode(true).firstElementChild;
  node.classList.toggle("bad", kind === "bad");
  if (kind === "bad") node.setAttribute("role", "alert");
  $("[data-text]", node).textContent = text;
  const button = $("[data-undo]", node);
  if (undo) button.addEventListener("click", () => revert(undo, node));
  else button.remove();
  keepFocus(node);
  homeToasts();
  $("#toasts").append(node);
  expire(node);
}

function revert({ url, target: shown }, node) {
  const target = $(shown); // what shows the thing undone is drawn anew, if it is on the screen
  const back = () => returnFocus(node); // so may be what had the focus
  htmx.ajax("POST", url, { source: document.body, target, swap: target ? "outerHTML" : "none" }).then(back, back);
}

function expire(node) {
  let timer;
  const start = () => (timer = setTimeout(() => node.remove(), node.classList.contains("bad") ? 12000 : 6000));
  const pause = () => clearTimeout(timer);
  node.addEventListener("mouseenter", pause);
  node.addEventListener("focusin", pause);
  node.addEventListener("mouseleave", start);
  node.addEventListener("focusout", start);
  start();
}
on("toast", (event) => toast(event.detail));
on("announce", (event) => ($("#live").textContent = event.detail.text));

/* ---- popovers: <button popovertarget="id">, placed under their button ---- */
let invoker = null;
on("click", (event) => (invoker = event.target.closest("[popovertarget]") ?? invoker), true);
on("toggle", (event) => {
  const pop = event.target;
  if (event.newState !== "open" || !pop.matches?.(".pop")) return;
  const button = invoker?.getAttribute("popovertarget") === pop.id ? invoker : $(`[popovertarget="${pop.id}"]`);
  if (button) place(pop, button);
  if (!pop.contains(document.activeElement)) $("input, .item", pop)?.focus();
}, true);

function place(pop, button) {
  const box = button.getBoundingClientRect();
  const left = Math.min(box.left, innerWidth - pop.offsetWidth - 8);
  const below = box.bottom + pop.offsetHeight + 6 <= innerHeight;
  pop.style.left = `${Math.max(8, left)}px`;
  pop.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - pop.offsetHeight - 6)}px`;
}

/* ---- keys, by place on the keyboard, so the Russian layout works too ---- */
const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

function step(items, key) {
  const at = items.indexOf(document.activeElement);
  const next = key === "ArrowDown" ? at + 1 : at - 1;
  items[(next + items.length) % items.length]?.focus();
}

on("keydown", (event) => {
  const { code, target } = event;
  if (code === "KeyK" && (event.ctrlKey || event.metaKey)) return act(event, () => openDialog($("#palette")));
  const list = target.closest(".pop, .palette");
  if (list && /^Arrow(Down|Up)$/.test(code)) return act(event, () => step($$(".item:not([hidden])", list), code));
  if (typing(target) || event.ctrlKey || event.metaKey || event.altKey || topDialog()) return;
  if (event.key === "?") return act(event, () => openDialog($("#help")));
  if (code === "Slash") return act(event, () => $("[data-search], .search input")?.focus());
  const button = $(`[data-key="${code}"]`);
  if (button && !event.shiftKey) act(event, () => button.click());
});

function act(event, action) {
  event.preventDefault();
  action();
}

/* ---- the palette: narrows the sections as one types, Enter opens the first ---- */
const fold = (text) => text.toLowerCase().replaceAll("ё", "е").trim();
$("#palette input")?.addEventListener("input", (event) => {
  const query = fold(event.target.value);
  $$("#palette .item").forEach((item) => (item.hidden = !fold(item.textContent).includes(query)));
  $("#palette .empty").hidden = Boolean($("#palette .item:not([hidden])"));
});
$("#palette input")?.addEventListener("keydown", (event) => {
  if (event.code === "Enter") act(event, () => $("#palette .item:not([hidden])")?.click());
});

$$("#toasts .toast").forEach(expire);
