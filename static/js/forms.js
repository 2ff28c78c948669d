/* A plain form takes its page with it, so it goes only when the person means it ([data-confirm] is the question,
   [data-yes] the words of the button that does it) and the server is there and knows who sends it. An ended session
   is told by app.js, a lost connection here. While the server is asked, the form is told so: `asking`, `asked`. */

const PLAIN = `.main form[method="post"]:is([data-guard], :not([hx-post]))`; // what a guarded one asks by htmx is a preview
const isAsked = new WeakSet();
const isFree = new WeakSet();

addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!form.matches(PLAIN) || isFree.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!isAsked.has(form)) send(form, submitter);
}, true);

async function send(form, submitter) {
  isAsked.add(form);
  const goes = (await isMeant(form.dataset)) && (await isHeard(form));
  isAsked.delete(form);
  if (!goes) return;
  if (!form.isConnected) document.body.append(form); // what it stood in was drawn anew meanwhile
  isFree.add(form);
  form.requestSubmit(submitter);
  isFree.delete(form);
}

function isMeant({ confirm: question, yes }) {
  if (!question) return true;
  const dialog = document.querySelector("#confirm");
  dialog.querySelector("[data-question]").textContent = question;
  dialog.querySelector("[value=yes]").textContent = yes;
  dialog.returnValue = "";
  tell("dialog-open", { dialog });
  return new Promise((answer) =>
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true }));
}

async function isHeard(form) {
  form.dispatchEvent(new Event("asking"));
  const asked = htmx.ajax("GET", document.body.dataset.session, { source: document.body, swap: "none" });
  const isAnswered = await asked.then(() => true, () => false);
  form.dispatchEvent(new Event("asked"));
  if (!isAnswered) tell("toast", { text: document.body.dataset.offlineText, kind: "bad" });
  return isAnswered && !document.querySelector("#signed-out");
}

const tell = (name, detail) => document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
