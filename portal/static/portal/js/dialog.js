// What is signed stands open on the page without script. Here it moves behind its button, as a modal dialog.
for (const dialog of document.querySelectorAll("dialog[data-dialog]")) {
  const opener = document.querySelector(`[data-opens="${dialog.id}"]`);
  if (!opener) continue;
  const refused = dialog.querySelector("[aria-invalid=true], .errors");
  dialog.close();
  opener.hidden = false;
  opener.setAttribute("aria-haspopup", "dialog");
  opener.addEventListener("click", () => dialog.showModal());
  if (refused) dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
});

// A legal act is sent once, however often the button is pressed.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("dialog.sign form")) return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("dialog.sign form")) delete form.dataset.sent;
});
