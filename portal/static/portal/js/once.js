// A form is sent once: while its answer is on the way, its buttons rest. Back in the history they work again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  setTimeout(() => buttonsOf(form).forEach((button) => { button.disabled = true; }));
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[method=post]")) {
    for (const button of buttonsOf(form)) if (!button.hasAttribute("aria-describedby")) button.disabled = false;
  }
});

// Also those that stand elsewhere on the page and name the form.
function buttonsOf(form) {
  return [...form.elements].filter((field) => field.matches("button"));
}
