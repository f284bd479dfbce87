// Draws the year of due dates. The table below the picture says the same and is what keyboard and screen reader use.
import { init } from "../vendor/echarts-calendar.min.js";

for (const box of document.querySelectorAll("[data-calendar]")) draw(box);

function draw(box) {
  const { first, last, today, url, days } = JSON.parse(document.getElementById(box.dataset.calendar).textContent);
  const canvas = box.querySelector("[data-calendar-canvas]");
  const line = box.querySelector("[data-calendar-line]");
  const hint = line.textContent;
  const words = new Map(days.map(([day, , text]) => [day, text]));
  const token = (name, from = document.documentElement) => getComputedStyle(from).getPropertyValue(name).trim();
  const shade = (name) => token("--heat", box.querySelector(`.${name}`));
  box.hidden = false;

  const chart = init(canvas, null, { renderer: "canvas" });
  const narrow = matchMedia("(max-width: 700px)");
  const paint = () => {
    chart.resize();
    chart.setOption(picture(narrow.matches), true);
  };

  function picture(small) {
    const middle = monthsOn(first, 6);
    const spans = small ? [[first, dayBefore(middle)], [middle, last]] : [[first, last]];
    const text = { color: token("--muted"), fontSize: 12, fontFamily: token("--font") };
    const calendar = spans.map((range, place) => ({
      range,
      top: 24 + place * 146,
      left: 34,
      right: 4,
      cellSize: ["auto", small ? 15 : 19],
      splitLine: { lineStyle: { color: token("--edge"), width: 1 } },
      itemStyle: { color: token("--paper"), borderColor: token("--line"), borderWidth: 1 },
      yearLabel: { show: false },
      monthLabel: { ...text, formatter: ({ M, yyyy }) => (Number(M) === 1 && !small ? `${yyyy} 年 1 月` : `${Number(M)} 月`) },
      dayLabel: { ...text, firstDay: 1, nameMap: ["日", "一", "二", "三", "四", "五", "六"] },
    }));
    const series = spans.map(([from, to], calendarIndex) => ({
      type: "heatmap",
      coordinateSystem: "calendar",
      calendarIndex,
      cursor: "pointer",
      data: days
        .filter(([day]) => from <= day && day <= to)
        .map(([day, count]) => [day, day < today ? -1 : count]),
      emphasis: { itemStyle: { borderColor: token("--ink"), borderWidth: 1.5 } },
    }));
    // Where today is, also when nothing ends today.
    const here = spans.findIndex(([from, to]) => from <= today && today <= to);
    series.push({
      type: "heatmap",
      coordinateSystem: "calendar",
      calendarIndex: here,
      silent: true,
      z: 3,
      data: [{ value: [today, 0], itemStyle: { color: "transparent", borderColor: token("--act"), borderWidth: 2 } }],
    });
    const visualMap = {
      show: false,
      type: "piecewise",
      dimension: 1,
      seriesIndex: spans.map((_, place) => place),
      pieces: [
        { value: -1, color: shade("past") },
        { value: 1, color: shade("few") },
        { min: 2, max: 3, color: shade("some") },
        { min: 4, max: 7, color: shade("many") },
        { min: 8, max: 1e6, color: shade("most") },
      ],
    };
    const still = { show: false, type: "piecewise", seriesIndex: spans.length, pieces: [{ value: 0, color: "transparent" }] };
    return { animation: false, calendar, series, visualMap: [visualMap, still] };
  }

  chart.on("mouseover", ({ value }) => {
    const day = document.createElement("b");
    day.textContent = `${value[0]} ${"日一二三四五六"[new Date(`${value[0]}T00:00`).getDay()]}`;
    line.replaceChildren(day, `　${words.get(value[0]) ?? ""}`);
  });
  chart.on("mouseout", () => {
    line.textContent = hint;
  });
  chart.on("click", ({ value }) => {
    location.href = `${url}${new URLSearchParams({ first: value[0], last: value[0] })}`;
  });

  new ResizeObserver(paint).observe(canvas);
}

function monthsOn(day, count) {
  const [year, month] = day.split("-").map(Number);
  const months = year * 12 + month - 1 + count;
  return `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, "0")}-01`;
}

function dayBefore(day) {
  const date = new Date(`${day}T12:00Z`);
  date.setUTCDate(date.getUTCDate() - 1);
  return date.toISOString().slice(0, 10);
}
