/* The wizard: a chip puts its field where the caret stood last, in the subject or in a text; a change of whom or when
   makes the review stale till it is counted anew; the person of the preview goes with the form; a check brings its own
   repair ([data-repairs]: pairs of what stands in the text and what to put there); the review tells the preview for how
   many a field of it is empty ([data-gap]); a text that is too long is told beside its field while it is typed, and
   keeps the form from being sent ([data-most] in bytes, [data-too-long] with the words). What keeps the letter from
   leaving comes with the preview and stands beside the button that sends, which waits meanwhile. */

const form = document.querySelector("#campaign-form");
const fields = ["subject", "html", "text"].map((name) => form.querySelector(`[name=${name}]`));
let last = fields[1];

fields.forEach((field) => field?.addEventListener("focus", () => (last = field)));

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-insert]");
  if (!chip || !last) return;
  const { insert, markup } = chip.dataset;
  if (markup && last === fields[0]) (last = fields[1]).selectionStart = last.value.length; // a subject has no links
  put(last, (last === fields[1] && markup) || insert, last.selectionStart, last.selectionEnd);
});

/** As if it were typed, so that Ctrl+Z takes it back; a folded field cannot be typed in. */
function put(field, text, start, end) {
  field.focus();
  field.setSelectionRange(start, end);
  if (document.activeElement === field && document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/* A check may know how to put the text right: only its own pieces change, in the text as it stands now. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-repairs]");
  if (!button) return;
  const pairs = JSON.parse(button.dataset.repairs);
  const mended = fields.filter((field) => mend(field, pairs));
  showRepair(mended[0], pairs);
});

function mend(field, pairs) {
  const text = pairs.reduce((kept, [piece, better]) => kept.replaceAll(piece, () => better), field.value);
  if (text === field.value) return false;
  put(field, text, 0, field.value.length);
  return true;
}

/** The word that was put in is selected: whoever wants another one types it. */
function showRepair(field, pairs) {
  if (!field) return;
  const [at, better] = pairs.map(([, each]) => [field.value.indexOf(each), each]).find(([place]) => place >= 0);
  const [before, word] = better.split('"');
  field.focus();
  field.setSelectionRange(at + before.length + 1, at + before.length + 1 + word.length);
}

const REVIEWED = "[name=segment], [name=exclude_segments], [name=purpose], [name=when], [name=at]";

form.addEventListener("change", (event) => {
  if (!event.target.matches(REVIEWED)) return;
  document.querySelectorAll("[data-stale]").forEach((note) => (note.hidden = false));
  isStale = true;
  judgeLaunch();
  htmx.trigger("#step-review", "recount");
});

document.addEventListener("change", (event) => event.target.id === "who" && htmx.trigger(form, "person"));

/* ---- what keeps the letter from leaving ---- */
let isStale = false;

/** The review knows the saved letter, the preview the one that is being written. */
function judgeLaunch() {
  const place = document.querySelector("#obstacles");
  const button = document.querySelector("[data-launch]");
  if (!place || !button) return;
  const found = obstacles();
  if (found && place.textContent.trim() !== found.textContent.trim()) place.replaceChildren(found);
  button.disabled = isStale || "blocked" in button.dataset || place.childElementCount > 0;
  if (button.disabled) button.setAttribute("aria-describedby", "blockers obstacles");
  else button.removeAttribute("aria-describedby");
}

function obstacles() {
  const [field] = tooLong;
  if (!field) return document.querySelector("#preview [data-obstacles]")?.content.cloneNode(true);
  const found = document.querySelector("#obstacle").content.cloneNode(true);
  found.querySelector("span").textContent = document.getElementById(`${field.id}_error`).textContent.trim();
  found.querySelector("[data-goto]").setAttribute("href", `#${field.id}`);
  return found;
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "review") isStale = false;
  judgeLaunch();
  tellGaps(event.detail.target.id === "preview");
});

/* ---- fields without a fallback ---- */
const gapsIn = (place) => new Map([...document.querySelectorAll(`${place} [data-gap]`)].map((line) => [line.dataset.gap, line]));

/** The preview knows which they are now, the review for how many: what it has not counted yet is counted anew. */
function tellGaps(mayCount) {
  const list = document.querySelector("#gaps");
  if (!list) return;
  const [now, counted] = [gapsIn("#preview"), gapsIn("#gaps")];
  now.forEach((line, field) => counted.has(field) && tellGap(line, counted.get(field)));
  counted.forEach((line, field) => (line.hidden = !now.has(field)));
  list.hidden = ![...counted].some(([field, line]) => now.has(field) && line.querySelector(".warn"));
  if (mayCount && [...now.keys()].some((field) => !counted.has(field))) htmx.trigger("#step-review", "recount");
}

function tellGap(line, counted) {
  [0, 1].forEach((place) => line.children[place].replaceWith(counted.children[place].cloneNode(true)));
  const button = line.querySelector("[data-repairs]");
  if (button) button.hidden = counted.children[0].matches(".good");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-goto]");
  if (!link) return;
  event.preventDefault();
  const field = document.querySelector(link.hash);
  field.closest("details")?.setAttribute("open", "");
  field.focus();
});

/* ---- a text that is too long ---- */
const weighed = [...form.querySelectorAll("[data-most]")];
const encoder = new TextEncoder();
const tooLong = new Set();

/** Bytes as the server counts them: there a line ends with two signs. */
function weigh(text) {
  return encoder.encode(text).length + text.split("\n").length - 1;
}

function judge(field) {
  const bytes = field.value.length * 4 > field.dataset.most ? weigh(field.value) : 0;
  const was = tooLong.delete(field);
  if (bytes > field.dataset.most) tooLong.add(field);
  if (was || tooLong.has(field)) tell(field, bytes);
}

function tell(field, bytes) {
  const id = `${field.id}_error`;
  const line = document.getElementById(id) ?? errorLine(field, id);
  const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id);
  const isWrong = tooLong.has(field);
  line.querySelector("span").textContent = field.dataset.tooLong.replace("{size}", Math.ceil(bytes / 1000));
  line.hidden = !isWrong;
  field.setAttribute("aria-describedby", [...(isWrong ? [id] : []), ...others].join(" "));
  field.setAttribute("aria-invalid", isWrong);
  if (isWrong) field.closest("details")?.setAttribute("open", "");
  judgeLaunch();
}

function errorLine(field, id) {
  field.after(document.querySelector("#too-long").content.cloneNode(true));
  field.nextElementSibling.id = id;
  return field.nextElementSibling;
}

weighed.forEach((field) => field.addEventListener("input", () => judge(field)));
weighed.forEach(judge);
form.addEventListener("submit", (event) => {
  if (!tooLong.size) return;
  event.preventDefault();
  [...tooLong][0].focus();
});
document.addEventListener("htmx:configRequest", (event) => {
  if (tooLong.size && event.detail.verb === "post") event.preventDefault(); // a preview of it would say the same
});

/* ---- the draft is saved while it is typed ---- */
const saved = document.querySelector("#saved");
let isKeeping = false;
let isSent = false;
let isCutOff = false;
let patience;
let waiting = null; // the button that was pressed meanwhile: two savings at once would overtake each other

form.addEventListener("input", () => saved.querySelector("[data-kept]")?.remove());
saved.addEventListener("htmx:configRequest", (event) => isSent && event.preventDefault());
saved.addEventListener("htmx:beforeRequest", () => {
  isKeeping = true;
  isCutOff = false;
});
saved.addEventListener("htmx:afterSettle", settle);
saved.addEventListener("htmx:afterRequest", ({ detail: { xhr, failed } }) => {
  const isOut = xhr.status === 401;
  if (isOut) waiting = null; // whoever pressed it is asked to log in
  if (isOut || failed) settle();
  if (!isOut && xhr.status) return;
  isCutOff = !isOut; // what met the end of the session app.js asks anew
  clearTimeout(patience);
  if (isCutOff && navigator.onLine) patience = setTimeout(keepAgain, 5000); // the server is away, or not yet in reach
  if (!saved.querySelector(".notice")) saved.append(document.querySelector("#unsaved").content.cloneNode(true));
});
const keepAgain = () => isCutOff && htmx.trigger(saved, "again");
addEventListener("online", keepAgain);
document.addEventListener("htmx:afterOnLoad", keepAgain);
form.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  if (isKeeping) event.preventDefault();
  if (isKeeping) waiting = event.submitter;
  else isSent = true;
});
saved.addEventListener("click", (event) => {
  const button = event.target.closest("[data-overwrite]");
  if (!button) return;
  saved.querySelector("[name=seen]").value = button.dataset.overwrite;
  htmx.trigger(saved, "overwrite");
});

function settle() {
  isKeeping = false;
  if (waiting) form.requestSubmit(waiting);
  waiting = null;
}
