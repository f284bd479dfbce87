// Draws values over time: points with bars of ±U, levels, trends, bands. The table beside each picture says the same.
import { init } from "../vendor/echarts-plot.min.js";

const CHINA = 8 * 3600000;

for (const box of document.querySelectorAll("[data-plot]")) draw(box);

function draw(box) {
  const { axis, series, levels, trends, spans, band } = JSON.parse(document.getElementById(box.dataset.plot).textContent);
  const canvas = box.querySelector("[data-plot-canvas]");
  const line = box.querySelector("[data-plot-line]");
  const hint = line.textContent;
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const colour = (tone) => token(tone);
  const text = { color: token("muted"), fontSize: 12, fontFamily: token("font") };
  // Whatever zone the browser is in: the axis is drawn as UTC, and every moment moved to what China's clocks said.
  const at = (moment) => Date.parse(moment.length === 10 ? `${moment}T00:00+08:00` : moment) + CHINA;
  const all = series.flatMap(({ points }) => points);
  const edges = [
    ...all.flatMap(({ y, u = 0 }) => [Number(y) - Number(u), Number(y) + Number(u)]),
    ...levels.map(({ y }) => Number(y)),
    ...trends.flatMap(({ start, end }) => [Number(start[1]), Number(end[1])]),
  ];
  const low = Math.min(...edges);
  const high = Math.max(...edges);
  const air = (high - low || Math.abs(high) || 1) * 0.08;
  const moments = [
    ...all.map(({ x }) => at(x)),
    ...trends.flatMap(({ start, end }) => [at(start[0]), at(end[0])]),
    ...spans.flatMap(({ start, end }) => [at(start), at(end)]),
  ];
  const first = Math.min(...moments);
  const last = Math.max(...moments);
  const alone = 86400000 * 90; // what is drawn around a single moment
  const side = last - first ? (last - first) * 0.04 : alone / 2;
  const days = (last - first || alone) / 86400000;
  // A line with an end outside of the picture would not be drawn at all.
  const within = (moment) => Math.min(Math.max(at(moment), first - side), last + side);
  box.hidden = false;

  const chart = init(canvas, null, { renderer: "canvas" });

  function picture(small) {
    const names = Math.max(0, ...levels.map(({ words }) => words.length));
    return {
      animation: false,
      useUTC: true,
      grid: { top: 6, bottom: 4, left: 4, right: names ? 12 + names * 11 : 12, outerBoundsMode: "same", outerBoundsContain: "all" },
      xAxis: {
        type: "time",
        min: first - side,
        max: last + side,
        axisLine: { show: false, onZero: false },
        axisTick: { show: false },
        axisLabel: { ...text, hideOverlap: true, formatter: (moment) => shown(new Date(moment), days) },
        splitLine: { show: false },
        splitNumber: small ? 4 : days > 1100 ? 12 : 8,
      },
      yAxis: {
        type: "value",
        name: axis,
        nameTextStyle: { ...text, align: "left" },
        nameGap: 14,
        min: low - air,
        max: high + air,
        splitNumber: small ? 4 : 5,
        axisLabel: { ...text, showMinLabel: false, showMaxLabel: false, formatter: signed },
        splitLine: { lineStyle: { color: token("line") } },
      },
      series: [...series.flatMap(drawn), ...frame(), ...trends.map(straight)],
    };
  }

  function drawn({ name, joined, marks, points }, place) {
    const values = points.map(({ x, y, tone, open, label }, index) => ({
      value: [at(x), Number(y)],
      index,
      itemStyle: open
        ? { color: token("paper"), borderColor: colour(tone), borderWidth: 2 }
        : { color: colour(tone) },
      label: label ? { show: true, position: "right", distance: 8, formatter: label, ...text, color: colour(tone), fontWeight: 600, textBorderColor: token("paper"), textBorderWidth: 3 } : undefined,
    }));
    const shade = token(["act", "ok", "due", "off"][place % 4]);
    const path = {
      type: "line",
      name,
      data: values,
      z: 4,
      showSymbol: marks,
      symbol: "circle",
      symbolSize: 8,
      sampling: marks ? undefined : "minmax",
      lineStyle: joined ? { width: marks ? 1 : 1.5, color: marks ? token("edge-field") : shade } : { width: 0 },
      emphasis: { disabled: !marks, scale: 1.4 },
    };
    const barred = points.filter(({ u }) => u);
    if (!barred.length) return [path];
    return [{ type: "custom", silent: true, z: 3, data: barred.map(({ x, y, u }) => [at(x), Number(y), Number(u)]), encode: { x: 0, y: 1 }, renderItem: bar }, path];
  }

  // One error bar with its caps.
  function bar(_params, api) {
    const [x, y, u] = [api.value(0), api.value(1), api.value(2)];
    const top = api.coord([x, y + u]);
    const bottom = api.coord([x, y - u]);
    const style = { stroke: colour("act"), lineWidth: 1.5 };
    const stroke = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
    return {
      type: "group",
      children: [
        stroke(top[0], top[1], bottom[0], bottom[1]),
        stroke(top[0] - 4, top[1], top[0] + 4, top[1]),
        stroke(bottom[0] - 4, bottom[1], bottom[0] + 4, bottom[1]),
      ],
    };
  }

  // Levels, the band between two of them, and shaded times hang on a series without points of its own.
  function frame() {
    const tinted = band ? [[{ yAxis: Number(band[0]) }, { yAxis: Number(band[1]) }]] : [];
    const shaded = spans.map(({ start, end, tone }) => [{ xAxis: at(start), itemStyle: { color: token(`${tone}-tint`), opacity: 1 } }, { xAxis: at(end) }]);
    return [
      {
        type: "line",
        data: [[first, 0]],
        symbol: "none",
        silent: true,
        z: 2,
        markLine: {
          silent: true,
          symbol: "none",
          precision: 12,
          data: levels.map((level) => {
            const { y, words, tone, dashed, start, end } = level;
            const look = {
              lineStyle: { color: colour(tone), width: dashed ? 1 : 1.5, type: dashed ? "dashed" : "solid" },
              label: { show: Boolean(words) && !crowded(level), formatter: words, position: "end", ...text, color: colour(tone) },
            };
            if (!start) return { yAxis: Number(y), ...look };
            return [{ coord: [within(start), Number(y)], ...look }, { coord: [within(end), Number(y)] }];
          }),
        },
        markArea: { silent: true, itemStyle: { color: token("act-tint"), opacity: 0.5 }, data: [...shaded, ...tinted] },
      },
    ];
  }

  const straight = ({ start, end, dashed }) => ({
    type: "line",
    silent: true,
    z: 2,
    symbol: "none",
    data: [start, end].map(([x, y]) => [at(x), Number(y)]),
    lineStyle: { color: token("muted"), width: 1, type: dashed ? "dashed" : "solid" },
  });

  const told = (event) => {
    const words = series.find(({ name }) => name === event.seriesName)?.points[event.data?.index]?.words;
    if (words) line.textContent = words;
  };
  chart.on("mouseover", told);
  chart.on("click", told);
  chart.on("mouseout", () => {
    line.textContent = hint;
  });

  // The name of a dashed level gives way to that of a solid one a line's height away.
  const crowded = ({ y, dashed }) =>
    dashed && levels.some((other) => !other.dashed && (Math.abs(other.y - y) / (high - low + 2 * air)) * (canvas.clientHeight - 30) < 15);

  const narrow = matchMedia("(max-width: 700px)");
  new ResizeObserver(() => {
    chart.resize();
    chart.setOption(picture(narrow.matches), true);
  }).observe(canvas);
}

function signed(value) {
  if (Math.abs(value) < 1e-14) return "0";
  return String(Number(value.toPrecision(6))).replace("-", "−");
}

function shown(moment, days) {
  const two = (number) => String(number).padStart(2, "0");
  const [year, month, day] = [moment.getUTCFullYear(), two(moment.getUTCMonth() + 1), two(moment.getUTCDate())];
  if (days > 1100) return month === "01" ? String(year) : `${year}-${month}`;
  if (days > 120) return `${year}-${month}`;
  if (days > 3) return `${month}-${day}`;
  return `${two(moment.getUTCHours())}:${two(moment.getUTCMinutes())}`;
}
