/* Typed text is not lost without a question: a form with [data-guard] that differs from what the server sent asks before
   its page goes. [data-guard=unsaved]: what the server sent is not saved itself. Submitting it, by htmx too, is no loss,
   nor is what a request of [data-keeps=id of the form] has saved by itself, as its answer says (Draft-Kept). */

const isLetGo = new WeakSet();
const kept = new WeakMap();
const guarded = () => [...document.querySelectorAll("form[data-guard]")];

function isEdited(field) {
  if (!field.name || field.type === "hidden") return false;
  if (field.matches("select")) return field.selectedIndex !== shippedIndex(field);
  if (/^(checkbox|radio)$/.test(field.type)) return field.checked !== field.defaultChecked;
  return "defaultValue" in field && field.value !== field.defaultValue;
}

/** All a person can change, as one text. */
function typed(form) {
  const fields = [...form.elements].filter((field) => field.name && field.type !== "hidden");
  return JSON.stringify(fields.map((field) => (/^(checkbox|radio)$/.test(field.type) ? field.checked : field.value)));
}

const keptBy = (event) => document.getElementById(event.detail.elt.dataset.keeps ?? "");
addEventListener("htmx:beforeRequest", (event) => {
  const form = keptBy(event);
  if (form) event.detail.xhr.typed = typed(form);
});
addEventListener("htmx:afterRequest", (event) => {
  const form = keptBy(event);
  if (form && event.detail.xhr.getResponseHeader("Draft-Kept")) kept.set(form, event.detail.xhr.typed);
});

function shippedIndex(select) {
  return Math.max(0, [...select.options].findLastIndex((option) => option.defaultSelected));
}

function wouldLose(form) {
  if (isLetGo.has(form)) return false;
  if (kept.has(form)) return kept.get(form) !== typed(form);
  return form.dataset.guard === "unsaved" || [...form.elements].some(isEdited);
}

addEventListener("beforeunload", (event) => guarded().some(wouldLose) && event.preventDefault());
addEventListener("submit", (event) => {
  if (!event.defaultPrevented && event.target.matches("[data-guard]")) isLetGo.add(event.target);
});
addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, requestConfig } = event.detail;
  if (successful && requestConfig.triggeringEvent?.type === "submit" && elt.matches("[data-guard]")) isLetGo.add(elt);
});
const holdAgain = (event) => isLetGo.delete(event.target.form);
addEventListener("input", holdAgain);
addEventListener("change", holdAgain);
addEventListener("pageshow", (event) => event.persisted && guarded().forEach((form) => isLetGo.delete(form)));
