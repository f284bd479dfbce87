// Draws a chain as a tree from left to right. The nested list below it says the same.
import { init } from "../vendor/echarts-plot.min.js";

for (const box of document.querySelectorAll("[data-tree]")) draw(box);

function draw(box) {
  const root = JSON.parse(document.getElementById(box.dataset.tree).textContent);
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const font = token("font");
  const leaves = (node) => (node.above.length ? node.above.reduce((sum, one) => sum + leaves(one), 0) : 1);
  const levels = (node) => 1 + Math.max(0, ...node.above.map(levels));
  const symbols = { ok: "circle", due: "triangle", bad: "rect" };
  const depth = levels(root);
  const RIGHT = 200;

  // As much of the text as has room in so many pixels; it must not be read as a format.
  function fit(text, room) {
    let width = 0;
    for (const [place, letter] of [...text].entries()) {
      width += letter.charCodeAt(0) > 255 ? 12 : 7;
      if (width > room) return `${[...text].slice(0, Math.max(1, place - 1)).join("")}…`.replace(/[{}|]/g, " ");
    }
    return text.replace(/[{}|]/g, " ");
  }

  // What holds is named; what does not also says why.
  const picture = (room, left) => ({ title, reason, tone, above }) => ({
    name: title,
    symbol: symbols[tone],
    itemStyle: { color: token(tone), borderColor: token(tone) },
    lineStyle: { color: token(tone === "bad" ? "bad" : "edge"), width: tone === "bad" ? 2 : 1 },
    label: {
      formatter: [`{name|${fit(title, left > 1 ? room : RIGHT)}}`, reason && `{${tone}|${fit(reason, above.length ? room : RIGHT)}}`].filter(Boolean).join("\n"),
    },
    children: above.map(picture(room, left - 1)),
  });

  if (depth < 2) return;
  box.hidden = false;
  const canvas = document.createElement("div");
  canvas.setAttribute("aria-hidden", "true");
  box.append(canvas);
  // The height follows the number of ends.
  canvas.style.height = `${Math.min(900, leaves(root) * 48 + 48)}px`;
  const chart = init(canvas, null, { renderer: "canvas" });
  const line = { fontFamily: font, fontSize: 12, lineHeight: 16 };
  const drawing = (width) => ({
    animation: false,
    series: [
      {
        type: "tree",
        data: [picture((width - RIGHT - 20) / (depth - 1) - 30, depth)(root)],
        orient: "LR",
        left: 20,
        right: RIGHT,
        top: 12,
        bottom: 12,
        symbolSize: 9,
        expandAndCollapse: false,
        initialTreeDepth: -1,
        roam: false,
        label: {
          position: "right",
          align: "left",
          verticalAlign: "middle",
          distance: 6,
          backgroundColor: token("paper"),
          padding: [1, 4],
          rich: {
            name: { ...line, color: token("ink") },
            due: { ...line, color: token("due") },
            bad: { ...line, color: token("bad") },
          },
        },
      },
    ],
  });
  new ResizeObserver(() => {
    chart.resize();
    chart.setOption(drawing(canvas.clientWidth), true);
  }).observe(canvas);
}
