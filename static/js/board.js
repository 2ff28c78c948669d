/* The board: dragging, the move menu, the keyboard, closing with a reason. A card moves at once; the answer to its POST
   brings it and both columns' figures out of band, or it goes back to its exact place. */

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const on = (name, handler, capture = false) => document.addEventListener(name, handler, capture);
const tell = (name, detail) => document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));

const board = () => $("#board");
const listOf = (stage) => $(`.cards[data-stage="${stage}"]`);
const menu = $("#move-menu");
const lost = $("#lost");

/* ---- moving one card ---- */
const placeOf = (card) => ({ parent: card.parentElement, next: card.nextElementSibling });
const putBack = (card, { parent, next }) =>
  parent.insertBefore(card, next?.parentElement === parent ? next : $(":scope > .cards-more", parent));

async function move(card, list, origin = placeOf(card)) {
  if (card.classList.contains("busy")) return putBack(card, origin);
  const from = card.dataset.stage;
  if (!list || list.dataset.stage === from) return putBack(card, origin);
  let hadFocus = card.contains(document.activeElement) || menu?.card === card;
  if (card.parentElement !== list) list.prepend(card);
  const values = { stage: list.dataset.stage, from, board: board().dataset.query };
  if (list.dataset.kind === "lost") {
    values.loss_reason = await askReason();
    hadFocus = true; // the dialog had it
    if (!values.loss_reason) {
      putBack(card, origin);
      return refocus(card, origin);
    }
  }
  if (hadFocus) refocus(card, origin);
  card.classList.add("busy");
  const refusal = await send(card.dataset.moves, values);
  card.classList.remove("busy");
  if (refusal) refuse(card, origin, refusal);
  if (hadFocus) refocus(card, origin);
}

/* A phone stays where it is: when the card has gone to another column, its neighbour has the focus. */
function refocus({ id }, { parent, next }) {
  const card = document.getElementById(id);
  const rest = $$(".deal", parent);
  if (card && (!phone.matches || rest.includes(card))) return focusCard(card);
  const near = rest.includes(next) ? next : rest.at(-1);
  near ? focusCard(near) : board().focus();
}

function refuse(card, origin, { text, isTold, isDrawn }) {
  if (!isDrawn) {
    putBack(card, origin);
    card.classList.add("shake");
    card.addEventListener("animationend", () => card.classList.remove("shake"), { once: true });
  }
  if (!isTold) tell("toast", { text, kind: "bad" });
  tell("announce", { text });
}

/* Resolves to nothing when the server agreed, else to a refusal: told by the server already? drawn where it belongs? */
async function send(url, values) {
  const headers = { "X-CSRFToken": $("meta[name=csrf-token]").content, "HX-Request": "true" };
  try {
    const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(values) });
    const events = JSON.parse(response.headers.get("HX-Trigger") || "{}");
    Object.entries(events).forEach(([name, detail]) => tell(name, detail));
    const html = response.redirected ? "" : await response.text();
    const isDrawn = html.includes("hx-swap-oob");
    if (isDrawn) htmx.swap(document.body, html, { swapStyle: "none" });
    if (response.ok && isDrawn) return null;
    const isOut = response.status === 401;
    if (isOut) tell("signed-out");
    return { text: events.toast?.text ?? board().dataset.returned, isTold: events.toast || isOut, isDrawn };
  } catch (error) {
    if (error instanceof TypeError) return { text: board().dataset.offline };
    throw error;
  }
}

function askReason() {
  const select = $("select", lost);
  select.value = "";
  lost.returnValue = "";
  lost.showModal();
  return new Promise((resolve) =>
    lost.addEventListener("close", () => resolve(lost.returnValue === "ok" ? select.value : ""), { once: true }));
}

/* A move made elsewhere (undo, the open drawer): the card follows before its new self arrives out of band. One that
   comes back is told before which card it stood. */
on("deal-moved", ({ detail }) => {
  const card = document.getElementById(`deal-${detail.id}`);
  const list = listOf(detail.stage);
  if (!card || !list || card.parentElement === list) return;
  if (!("before" in detail)) return list.prepend(card);
  putBack(card, { parent: list, next: document.getElementById(`deal-${detail.before}`) });
  setTimeout(() => {
    if (phone.matches) show(list.parentElement);
    focusCard(document.getElementById(card.id)); // drawn anew
  });
});
on("htmx:configRequest", ({ detail }) => {
  if (board() && detail.verb === "post" && /\/moves\//.test(detail.path)) detail.parameters.board = board().dataset.query;
});

/* ---- dragging ---- */
const stillness = matchMedia("(prefers-reduced-motion: reduce)");
function sortable(list) {
  if (list.dataset.sortable) return;
  list.dataset.sortable = "on";
  let origin;
  new Sortable(list, {
    group: "deals",
    draggable: ".deal",
    filter: ".busy, .move",
    preventOnFilter: false,
    sort: false,
    animation: stillness.matches ? 0 : 140,
    delay: 160,
    delayOnTouchOnly: true,
    scrollSensitivity: 80,
    onStart({ item }) {
      origin = placeOf(item);
      document.body.classList.add("dragging");
    },
    onEnd({ item, from, to }) {
      document.body.classList.remove("dragging");
      if (from !== to) move(item, listOf(to.dataset.stage), origin);
    },
  });
}

function ready() {
  if (board()?.dataset.canMove === undefined || !window.Sortable) return;
  $$(".cards", board()).forEach(sortable);
  $$(".dock > div").forEach(sortable);
}

/* ---- columns of closed deals open on a click and load their cards then ---- */
on("click", ({ target }) => {
  const column = target.closest("[data-open-column], .mini")?.closest(".col");
  if (!column) return;
  const isOpen = !column.classList.toggle("mini");
  $("[data-open-column]", column).ariaExpanded = isOpen;
  if (!isOpen) return;
  const pending = $(".cards-pending", column);
  if (pending) htmx.trigger(pending, "column-open");
  show(column, true);
});

/* The incoming column folds while empty; its first card brings a head with nothing to open. */
on("htmx:oobAfterSwap", () =>
  $$(".col.mini:not(:has([data-open-column]))").forEach((column) => column.classList.remove("mini")));

/* ---- a phone opens at the column last looked at, else at the first with deals ---- */
const phone = matchMedia("(max-width: 760px)");
const memory = () => `board-column:${board().dataset.pipeline}`;

function slide(box, piece, isSmooth) {
  const behavior = isSmooth && !stillness.matches ? "smooth" : "instant";
  const inset = parseFloat(getComputedStyle(board()).scrollPaddingLeft);
  box.scrollTo({ left: piece.offsetLeft - box.offsetLeft - inset, behavior });
}

function show(column, isSmooth) {
  const tab = $(`.map a[href="#${column.id}"]`);
  slide(board(), column, isSmooth);
  if (tab) slide(tab.parentElement, tab, isSmooth);
}

function openAtDeals() {
  if (!board() || !phone.matches) return;
  const full = columnsWithCards();
  const column = full.find(({ id }) => id === sessionStorage.getItem(memory())) ?? full[0];
  if (column) show(column);
  board().addEventListener("scrollend", remember);
}

function remember() {
  const seen = columnsWithCards().find((column) => column.getBoundingClientRect().right > 60);
  if (seen) sessionStorage.setItem(memory(), seen.id);
}

/* ---- the move menu: button on the card, or M ---- */
function openMenu(card, anchor) {
  menu.card = card;
  $$("[data-to]", menu).forEach((item) => (item.hidden = item.dataset.to === card.dataset.stage));
  menu.showPopover();
  const box = anchor.getBoundingClientRect();
  const inside = (at, size, room) => `${Math.max(8, Math.min(at, room - size - 8))}px`;
  menu.style.left = inside(box.left, menu.offsetWidth, innerWidth);
  menu.style.top = inside(box.bottom + 6, menu.offsetHeight, innerHeight);
  $(".item:not([hidden])", menu)?.focus();
}

function choose(item) {
  menu.hidePopover();
  move(menu.card, listOf(item.dataset.to));
  menu.card = null; // the focus is where the move has put it
}

on("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (button) openMenu(button.closest(".deal"), button);
  const item = event.target.closest("#move-menu [data-to]");
  if (item) choose(item);
});
menu?.addEventListener("toggle", (event) => {
  if (event.newState !== "closed") return;
  const card = menu.card;
  setTimeout(() => {
    if (document.activeElement === document.body && card?.isConnected) focusCard(card);
    menu.card = null;
  });
});

/* ---- keys, by place on the keyboard ---- */
const focusCard = (card) => card && $("button, .deal-title a", card.closest(".mini") ?? card).focus();
const columnsWithCards = () => $$(".col:not(.mini)", board()).filter((column) => $(".deal", column));

function sideways(card, step) {
  const columns = columnsWithCards();
  const column = columns[columns.indexOf(card.closest(".col")) + step];
  const there = column ? $$(".deal", column) : [];
  focusCard(there[$$(".deal", card.parentElement).indexOf(card)] ?? there.at(-1));
}

const KEYS = {
  ArrowDown: (card, rows, at) => focusCard(rows[at + 1]),
  KeyJ: (card, rows, at) => focusCard(rows[at + 1]),
  ArrowUp: (card, rows, at) => focusCard(rows[at - 1]),
  KeyK: (card, rows, at) => focusCard(rows[at - 1]),
  ArrowRight: (card) => sideways(card, 1),
  ArrowLeft: (card) => sideways(card, -1),
  KeyM: (card) => menu && openMenu(card, card),
};

on("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !board()) return;
  const digit = menu?.matches(":popover-open") && /^Digit(\d)$/.exec(event.code);
  if (digit) {
    const item = $(`[data-digit="${digit[1]}"]`, menu)?.closest("[data-to]:not([hidden])");
    if (item) choose(item);
    return;
  }
  if (!KEYS[event.code] || event.target.matches("input, textarea, select")) return;
  const card = event.target.closest(".deal");
  if (!card && event.target !== document.body) return;
  event.preventDefault();
  if (!card) return focusCard($(".col:not(.mini) .deal"));
  const rows = $$(".deal", card.parentElement);
  KEYS[event.code](card, rows, rows.indexOf(card));
});

/* The strip scrolls the board, not the page. */
on("click", (event) => {
  const link = event.target.closest(".map a");
  const column = link && $(link.getAttribute("href"));
  if (!column) return;
  event.preventDefault();
  show(column, true);
});

on("htmx:afterSwap", (event) => {
  ready();
  if (event.detail.target?.id === "board-view") openAtDeals();
});
ready();
openAtDeals();
