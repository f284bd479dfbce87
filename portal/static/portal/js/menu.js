// Menus of the top bar are <details>: they work without this. Here they close on Escape and on a click elsewhere.
const menus = document.querySelectorAll("details.menu");

document.addEventListener("click", (event) => {
  for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus) {
    if (menu.open && menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
  const navigation = document.getElementById("nav-toggle");
  if (navigation) navigation.checked = false;
});

// A form's errors are the first thing to be heard after a reload.
document.querySelector(".errors")?.focus();
