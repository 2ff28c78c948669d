/* The steps of a long form: the one that is read or filled in is the current one.
   In: [data-steps] with links to sections of .body. Out: aria-current="step" on one of the links.
   A section beside the others stands in sight all the time, so scrolling does not lead to it: a link or the focus does. */

const body = document.querySelector(".body");
const steps = [...document.querySelectorAll("[data-steps] a")];
const sections = steps.map((step) => document.querySelector(step.hash));
const JUMP = 300; // ms in which the browser has brought what was chosen into sight
let chosen = null; // {at, top}: how far it was scrolled when a step was chosen; a step farther, and reading decides again

function show(section) {
  steps.forEach((step, number) => {
    if (sections[number] === section) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
}

/** What has passed the upper third, or stands last when there is nothing farther down. */
function read() {
  const [box, right] = [body.getBoundingClientRect(), sections[0].getBoundingClientRect().right];
  const column = sections.filter((section) => section.getBoundingClientRect().left < right);
  const isEnd = body.scrollTop > 0 && body.scrollTop + body.clientHeight >= body.scrollHeight - 2;
  const line = isEnd ? box.bottom : box.top + box.height / 3;
  show(column.filter((section) => section.getBoundingClientRect().top <= line).at(-1) ?? column[0]);
}

function choose(section, at) {
  show(section);
  chosen = { at, top: body.scrollTop };
}

body.addEventListener("scroll", ({ timeStamp }) => {
  if (chosen && timeStamp - chosen.at < JUMP) chosen.top = body.scrollTop;
  if (chosen && Math.abs(body.scrollTop - chosen.top) < 40) return;
  chosen = null;
  read();
}, { passive: true });
body.addEventListener("focusin", (event) => {
  const section = sections.find((one) => one.contains(event.target));
  if (section) choose(section, event.timeStamp);
});
document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-steps] a");
  if (step) choose(sections[steps.indexOf(step)], event.timeStamp);
});
read();
