/* A server that hangs is told in the place of «Сохранено», as long as it has not answered: the draft that is being kept,
   the session forms.js asks for, the page the form is sent for. Nothing is sent anew. */

const SLOW = 700; // ms; what is answered sooner needs no words
const form = document.querySelector("#campaign-form");
const saved = document.querySelector("#saved");
const pending = new Set();
let timer;

function look() {
  clearTimeout(timer);
  timer = setTimeout(tell, pending.size ? SLOW : 0);
}

function tell() {
  const told = saved.querySelector("[data-saving]");
  if (!pending.size) return told?.remove();
  saved.querySelector("[data-kept]")?.remove();
  if (!told) saved.append(document.querySelector("#saving").content.cloneNode(true));
}

function begin(what) {
  pending.add(what);
  look();
}

function end(what) {
  pending.delete(what);
  look();
}

saved.addEventListener("htmx:beforeRequest", () => begin("draft"));
saved.addEventListener("htmx:afterRequest", () => end("draft"));
form.addEventListener("asking", () => begin("session"));
form.addEventListener("asked", () => end("session"));
form.addEventListener("submit", (event) => event.defaultPrevented || begin("page"));
addEventListener("pageshow", ({ persisted }) => persisted && end("page")); // it went, and is looked at again
