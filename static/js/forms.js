/* A plain form takes its page with it, so it goes only when the server is there and knows who sends it. What stands in
   the way is told by app.js: an ended session, a lost connection. */

const PLAIN = `.main form[method="post"]:is([data-guard], :not([hx-post]))`; // what a guarded one asks by htmx is a preview
const isAsked = new WeakSet();
const isHeard = new WeakSet();

addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!form.matches(PLAIN) || isHeard.has(form)) return;
  if (form.dataset.confirm && !form.dataset.agreed) return; // its own question comes first
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!isAsked.has(form)) askFirst(form, submitter);
}, true);

async function askFirst(form, submitter) {
  isAsked.add(form);
  const asked = htmx.ajax("GET", document.body.dataset.session, { source: document.body, swap: "none" });
  const isAnswered = await asked.then(() => true, () => false);
  isAsked.delete(form);
  if (!isAnswered) tellUnsent();
  if (!isAnswered || document.querySelector("#signed-out")) return;
  isHeard.add(form);
  form.dataset.agreed = "yes";
  form.requestSubmit(submitter);
  delete form.dataset.agreed;
  isHeard.delete(form);
}

function tellUnsent() {
  const detail = { text: document.body.dataset.offlineText, kind: "bad" };
  document.body.dispatchEvent(new CustomEvent("toast", { detail, bubbles: true }));
}
