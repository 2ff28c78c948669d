/* The strip of a campaign that has just been sent: how long it can still be taken back.
   In: [data-left] with the seconds by the server's clock, so a reload or another tab shows the same; [data-say] with
   words and the second at which to read them out. Out: the figure each second, "announce". It stops nothing itself. */

const strip = document.querySelector("[data-left]");
const find = (selector) => strip.querySelector(selector);
const over = Date.now() + 1000 * strip?.dataset.left;
const left = () => Math.max(0, Math.ceil((over - Date.now()) / 1000));
let unsaid = [...(strip?.querySelectorAll("[data-say]") ?? [])];

function say(seconds) {
  const reached = unsaid.filter((words) => seconds <= words.dataset.say);
  if (!reached.length) return;
  unsaid = unsaid.filter((words) => !reached.includes(words));
  document.dispatchEvent(new CustomEvent("announce", { detail: { text: reached.at(-1).textContent } }));
}

function tick() {
  const seconds = left();
  find("[data-clock]").textContent = seconds;
  find("[data-before]").hidden = !seconds;
  find("[data-after]").hidden = Boolean(seconds);
  say(seconds);
  if (seconds) setTimeout(tick, (over - Date.now()) % 1000 || 1000);
}

if (strip) setTimeout(tick, 300); // a live region is heard only once it stands
