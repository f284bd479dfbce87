// A form is sent once: while its answer is on the way, its buttons rest. Back in the history they work again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.dataset.sheet) return;
  setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[method=post] button[disabled]:not([aria-describedby])").forEach((button) => {
    button.disabled = false;
  });
});
