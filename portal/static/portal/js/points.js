// The grid of points: a block from a spreadsheet fills many cells, arrows move between rows, rows are added as needed.
const MOST = 300;

for (const table of document.querySelectorAll("[data-points]")) enliven(table);

function enliven(table) {
  const body = table.tBodies[0];
  const more = table.closest("section").querySelector("[data-points-more]");
  const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  more.hidden = false;
  more.addEventListener("click", () => {
    const first = grow(body.rows.length + 5);
    first?.querySelector("input").focus();
  });

  // At least so many rows are there. Returns the first that was added.
  function grow(count) {
    let first = null;
    while (body.rows.length < Math.min(count, MOST)) {
      const number = body.rows.length;
      const row = body.rows[0].cloneNode(true);
      for (const cell of row.cells) {
        cell.className = "";
        cell.removeAttribute("title");
        const input = cell.querySelector("input");
        input.name = input.name.replace(/^p-\d+-/, `p-${number}-`);
        input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+/, number + 1));
        input.removeAttribute("aria-invalid");
        input.value = "";
      }
      body.append(row);
      first ??= row;
    }
    return first;
  }

  const cellAt = (y, x) => body.rows[y]?.cells[x]?.querySelector("input");
  const place = (input) => ({ y: input.closest("tr").sectionRowIndex, x: input.closest("td").cellIndex });

  table.addEventListener("keydown", (event) => {
    if (!event.target.matches("input") || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { x, y } = place(event.target);
    const step = { ArrowUp: -1, ArrowDown: 1, Enter: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    if (event.key === "Enter") grow(y + 2);
    const next = cellAt(y + step, x);
    next?.focus();
    next?.select();
  });

  table.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n+$/, "");
    if (!event.target.matches("input") || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    const { x, y } = place(event.target);
    let lines = text.split("\n").map((line) => line.split("\t"));
    if (lines[0].filter((cell) => titles.includes(cell.trim())).length > 1) lines = lines.slice(1);
    grow(y + lines.length);
    let filled = 0;
    let outside = 0;
    lines.forEach((line, down) => {
      line.forEach((value, right) => {
        const input = cellAt(y + down, x + right);
        if (!input) outside += value.trim() ? 1 : 0;
        else {
          input.value = value.trim();
          filled += value.trim() ? 1 : 0;
        }
      });
    });
    const tail = outside ? `；${outside} 格超出表格，没有填` : "";
    const detail = { tone: outside ? "due" : "ok", text: `从剪贴板填了 ${filled} 格${tail}。` };
    document.dispatchEvent(new CustomEvent("toast", { detail }));
  });
}
