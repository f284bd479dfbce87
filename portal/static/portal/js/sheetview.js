// How a data sheet shows what became of a cell: the old value struck out, the refusing sentence, where things are saved.
const SHAPES = {
  ok: '<circle cx="5" cy="5" r="5"/>',
  due: '<path d="M5 .4L10 9.4H0z"/>',
  bad: '<path d="M.4.4h9.2v9.2H.4z"/>',
};

const shape = (tone) => `<svg class="shape" viewBox="0 0 10 10" aria-hidden="true">${SHAPES[tone]}</svg>`;

function element(name, text, properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, properties);
}

export function paint(form, input, cell) {
  const box = input.closest("td");
  const id = `m-${cell.point}-${cell.key}`;
  const messages = form.querySelector("[data-sheet-messages]");
  box.classList.toggle("refused-cell", cell.state === "refused");
  box.classList.toggle("waiting", cell.state === "needs_reason");
  if (cell.was !== undefined) box.querySelector(".was").textContent = cell.was ?? "";
  document.getElementById(id)?.remove();
  if (cell.state === "saved") {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    return;
  }
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", id);
  const line = element("p", "", { id });
  const sentence = element("span", "");
  sentence.append(element("b", input.getAttribute("aria-label")), ` ${cell.message ?? ""}`);
  line.innerHTML = shape("bad");
  line.append(sentence);
  messages.append(line);
}

export function status(form, tone, text, link) {
  const place = form.querySelector("[data-save-state]");
  place.className = `save-state ${tone}`;
  place.innerHTML = shape(tone);
  place.append(element("span", text));
  if (!link) return;
  const [href, label] = link;
  place.append(element("a", label, { href, target: "_blank", rel: "noopener" }));
}

// The reason a change needs, or an empty text when the person takes the change back.
export function askReason(cell, input) {
  const dialog = document.getElementById("reason-dialog");
  const form = dialog.querySelector("form");
  const other = dialog.querySelector("[data-reason-other]");
  const follow = () => {
    other.hidden = form.elements.choice.value !== "other";
    form.elements.text.required = !other.hidden;
  };
  form.reset();
  follow();
  form.elements.choice.onchange = follow;
  dialog.querySelector("[data-reason-what]").textContent =
    `${input.getAttribute("aria-label")}：${cell.was ?? ""} → ${cell.text}。${cell.message ?? ""}`;
  dialog.returnValue = "";
  dialog.showModal();
  form.elements.choice.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const { choice, text } = form.elements;
      const reason = choice.value === "other" ? text.value.trim() : choice.value;
      resolve(dialog.returnValue === "save" ? reason : "");
      input.focus();
    }, { once: true });
  });
}
