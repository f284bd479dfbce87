// A box in which a row of a long table is named: what fits is listed below while one types. Without this the number is typed.
for (const place of document.querySelectorAll("[data-pick]")) enliven(place);

function enliven(place) {
  const input = place.querySelector("input");
  const list = place.querySelector("ul");
  const said = place.querySelector("[role=status]");
  const home = location.pathname.split("/").slice(0, 3).join("/");
  let timer = 0;
  let asked = null;
  let active = -1;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  list.setAttribute("role", "listbox");

  const options = () => [...list.children];

  function show(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) mark(-1);
  }

  function mark(index) {
    active = index;
    options().forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    const option = options()[index];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function choose(option) {
    clearTimeout(timer);
    input.value = asked = option.dataset.value;
    said.textContent = "";
    show(false);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 200);
  });
  input.addEventListener("blur", () => show(false));
  // A press on the list must not take the focus from the box before the click arrives.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      event.preventDefault();
      return show(false);
    }
    if (event.key === "Enter" && !list.hidden && options()[active]) {
      event.preventDefault();
      return choose(options()[active]);
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    if (list.hidden) return options().length ? show(true) : ask();
    const count = options().length;
    if (count) mark((active + step + count) % count);
  });

  async function ask() {
    const text = input.value.trim();
    if (text === asked && options().length) return show(true);
    asked = text;
    if (text.length < 2) {
      list.replaceChildren();
      said.textContent = "";
      return show(false);
    }
    try {
      const answer = await fetch(`${home}/pick/${place.dataset.pick}/?${new URLSearchParams({ q: text })}`, {
        credentials: "same-origin",
        headers: { Accept: "application/json" },
      });
      if (text !== input.value.trim()) return;
      if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
      const { rows } = await answer.json();
      list.replaceChildren(...rows.map(optionOf));
      said.textContent = rows.length ? `${rows.length} 项，用 ↓ 选择，回车确认` : `没有找到“${text}”，换一个词试试。`;
      show(rows.length > 0 && document.activeElement === input);
    } catch (error) {
      asked = null;
      list.replaceChildren();
      show(false);
      said.textContent = error.message === "429" ? "查得太快了，请稍等一会儿再试。" : "现在查不到，请直接键入完整的编号。";
    }
  }

  function optionOf(row, index) {
    const option = document.createElement("li");
    option.id = `${list.id}-${index}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.value = row.value;
    const name = document.createElement("span");
    name.textContent = row.value;
    option.append(name);
    if (row.note) {
      const note = document.createElement("small");
      note.textContent = row.note;
      option.append(note);
    }
    return option;
  }
}
