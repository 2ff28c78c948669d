/* A note typed and not sent outlives its card: form[data-draft] keeps its text by that name, in this tab, until it is sent. */

const name = (form) => `draft:${form.dataset.draft}`;

function restore() {
  document.querySelectorAll("[data-draft]").forEach((form) => {
    const field = form.querySelector("textarea");
    field.value ||= sessionStorage.getItem(name(form)) ?? "";
  });
}

addEventListener("input", ({ target }) => {
  const { form, value } = target;
  if (!form?.dataset.draft) return;
  sessionStorage.setItem(name(form), value);
  target.ariaInvalid = null;
  form.querySelector(".error")?.remove();
});
addEventListener("htmx:afterRequest", ({ detail: { failed, elt } }) => failed && elt.dataset.draft && elt.text.focus());
addEventListener("htmx:beforeSwap", ({ detail: { requestConfig, xhr } }) => {
  if (requestConfig.elt.dataset.draft && xhr.status < 400) sessionStorage.removeItem(name(requestConfig.elt));
});
addEventListener("htmx:afterSwap", restore);
restore();
