// A data sheet under the fingers: keys move between cells, a block from a spreadsheet fills many, every change is kept.
import { Keeper } from "./keeper.js";

for (const form of document.querySelectorAll("form[data-sheet]")) enliven(form);

function enliven(form) {
  const rows = [...form.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input.reading")]);
  const cells = rows.flat();
  if (cells.length === 0 || cells[0].readOnly) return;
  const keeper = new Keeper(form, cells);
  const pasted = new Set();
  form.querySelector("[data-sheet-keys]").hidden = false;

  const place = (input) => {
    const y = rows.findIndex((row) => row.includes(input));
    return { x: rows[y].indexOf(input), y };
  };
  const goTo = (input) => {
    input?.focus();
    input?.select();
  };

  form.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!cells.includes(input) || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { x, y } = place(input);
    const whole = input.selectionStart === 0 && input.selectionEnd === input.value.length;
    const atStart = whole || input.selectionEnd === 0;
    const atEnd = whole || input.selectionStart === input.value.length;
    const step = cells.indexOf(input) + (event.shiftKey ? -1 : 1);
    const target = {
      ArrowUp: () => rows[y - 1]?.[x],
      ArrowDown: () => rows[y + 1]?.[x],
      ArrowLeft: () => (atStart ? cells[cells.indexOf(input) - 1] : null),
      ArrowRight: () => (atEnd ? cells[cells.indexOf(input) + 1] : null),
      Enter: () => cells[step] ?? input,
    }[event.key]?.();
    if (event.key === "Escape") {
      keeper.restore(input);
      input.select();
    } else if (target) {
      event.preventDefault();
      if (target === input) keeper.changed(input);
      goTo(target);
    } else if (event.key === "Enter") {
      event.preventDefault();
    }
  });

  form.addEventListener("focusin", (event) => {
    if (cells.includes(event.target)) event.target.select();
  });

  form.addEventListener("change", (event) => {
    if (!cells.includes(event.target)) return;
    keeper.changed(event.target, pasted.has(event.target) ? "pasted" : "typed");
    pasted.delete(event.target);
  });

  form.addEventListener("paste", (event) => {
    if (!cells.includes(event.target)) return;
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n+$/, "");
    if (!/[\t\n]/.test(text)) {
      pasted.add(event.target);
      return;
    }
    event.preventDefault();
    const { x, y } = place(event.target);
    let filled = 0;
    let outside = 0;
    text.split("\n").forEach((line, down) => {
      line.split("\t").forEach((value, right) => {
        const input = rows[y + down]?.[x + right];
        if (!input) {
          outside += value.trim() ? 1 : 0;
          return;
        }
        if (!value.trim() || value === input.value) return;
        input.value = value.trim();
        keeper.changed(input, "pasted");
        filled += 1;
      });
    });
    const tail = outside ? `；${outside} 格超出表格，没有填` : "";
    const detail = { tone: outside ? "due" : "ok", text: `从剪贴板填了 ${filled} 格${tail}。` };
    document.dispatchEvent(new CustomEvent("toast", { detail }));
  });

  // The other fields of the page belong to the same form; whatever sends them takes along the readings not yet saved.
  const others = [...form.elements].filter((field) => !cells.includes(field) && field.matches("input, select"));
  const before = new Map(others.map((field) => [field, field.value]));

  form.addEventListener("submit", (event) => {
    if (cells.includes(document.activeElement)) keeper.changed(document.activeElement);
    const whole = event.submitter?.hasAttribute("formaction");
    if (whole || others.some((field) => !field.matches("[type=hidden]") && field.value !== before.get(field))) return;
    event.preventDefault();
    keeper.send();
  });

  form.addEventListener("formdata", (event) => {
    for (const cell of cells) if (cell.value === cell.dataset.saved) event.formData.delete(cell.name);
  });
}
