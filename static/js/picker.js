/* components/picker.html: a chosen row has its chip beside the button, the chip takes it back, the search narrows the
   rows. In: [data-picker] with checkboxes, [data-unpick=id of a checkbox], [data-narrow], [data-nothing].
   Out: plain change events of the checkboxes. */

const fold = (text) => text.toLowerCase().replaceAll("ё", "е").trim();

document.addEventListener("change", (event) => {
  const picker = event.target.closest("[data-picker]");
  const chip = picker?.querySelector(`[data-unpick="${event.target.id}"]`);
  if (chip) chip.hidden = !event.target.checked;
});

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-unpick]");
  if (!chip) return;
  const box = document.getElementById(chip.dataset.unpick);
  box.checked = false;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  chip.closest("[data-picker]").querySelector("[popovertarget]").focus();
});

/* What is typed here is nobody else's business: the form around it need not follow. */
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-narrow]")) return;
  event.stopPropagation();
  const list = event.target.closest(".pop");
  const rows = [...list.querySelectorAll(".item")];
  rows.forEach((row) => (row.hidden = !fold(row.textContent).includes(fold(event.target.value))));
  list.querySelector("[data-nothing]").hidden = rows.some((row) => !row.hidden);
}, true);
document.addEventListener("change", (event) => event.target.matches("[data-narrow]") && event.stopPropagation(), true);

/* In a list of boxes the arrows go from box to box. */
document.addEventListener("keydown", (event) => {
  const list = event.target.closest(".picker-list");
  if (!list) return;
  if (event.key === "Enter" && event.target.matches("[data-narrow]")) event.preventDefault();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.code];
  if (!step) return;
  const boxes = [...list.querySelectorAll(".item:not([hidden]) input")];
  const at = boxes.indexOf(document.activeElement);
  boxes.at((at < 0 && step < 0 ? -1 : at + step) % boxes.length)?.focus();
  event.preventDefault();
  event.stopPropagation();
}, true);
