// Ticking rows of a list: all of the page at once, and how many are ticked. Without script the boxes work by themselves.
for (const form of document.querySelectorAll("[data-ticks]")) {
  const boxes = [...document.querySelectorAll(`input[type=checkbox][form="${form.id}"]`)];
  const page = form.querySelector("[data-ticks-page]");
  const told = form.querySelector("[data-ticks-count]");
  const ticked = () => boxes.filter((box) => box.checked).length;
  const tell = () => {
    told.textContent = `${ticked()} 行`;
    page.textContent = ticked() === boxes.length ? "取消勾选" : "勾选本页";
  };
  page.hidden = false;
  page.addEventListener("click", () => {
    const all = ticked() < boxes.length;
    for (const box of boxes) box.checked = all;
    tell();
  });
  for (const box of boxes) {
    box.addEventListener("change", () => {
      form.elements.of.value = "tick";
      tell();
    });
  }
  window.addEventListener("pageshow", tell);
  tell();
}
