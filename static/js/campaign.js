/* The wizard: a chip puts its field where the caret stood last, in the subject or in a text; a review is of what was
   saved, so a change of whom or when makes it stale. */

const fields = ["subject", "html", "text"].map((name) => document.querySelector(`#campaign-form [name=${name}]`));
let last = fields[1];

fields.forEach((field) => field?.addEventListener("focus", () => (last = field)));

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-insert]");
  if (!chip || !last) return;
  last.setRangeText(chip.dataset.insert, last.selectionStart, last.selectionEnd, "end");
  last.focus();
  last.dispatchEvent(new Event("input", { bubbles: true }));
});

const REVIEWED = "[name=segment], [name=exclude_segments], [name=purpose], [name=when], [name=at]";

document.querySelector("#campaign-form").addEventListener("change", (event) => {
  if (!event.target.matches(REVIEWED)) return;
  document.querySelectorAll("[data-stale]").forEach((note) => (note.hidden = false));
  document.querySelectorAll("[data-launch]").forEach((button) => (button.disabled = true));
});
