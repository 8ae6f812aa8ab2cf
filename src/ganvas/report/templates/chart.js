"use strict";
// Line charts in inline SVG: raw values pale, smoothed ones bold, a cursor that reads them off.

const SVG = "http://www.w3.org/2000/svg";
const EDGE = { left: 46, right: 10, top: 8, bottom: 24, height: 210 };
const COLOURS = 7;

function element(kind, attributes = {}, text = "", space = null) {
  const made = space ? document.createElementNS(space, kind) : document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

function inTime(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return whole % 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole / 60} min`;
  const minutes = Math.floor((whole % 3600) / 60);
  return minutes ? `${Math.floor(whole / 3600)} h ${minutes} min` : `${whole / 3600} h`;
}

const WORDS = {
  images: (value) => `${Math.round(value).toLocaleString("en")} images`,
  seconds: inTime,
};
const TICK_WORDS = { images: (value) => value.toLocaleString("en"), seconds: inTime };

const minus = (words) => words.replace("-", "\u2212");

function ticks(low, high, about, steps = [1, 2, 2.5, 5, 10]) {
  const rough = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * steps.find((one) => one * power >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) found.push(k * step || 0);
  return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9) + (step / power === 2.5 ? 1 : 0)) };
}

function timeTicks(high, about) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
  const step = steps.find((one) => high / one <= about) || Math.ceil(high / about / 86400) * 86400;
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, k) => k * step);
}

function nearest(values, wanted) {
  let low = 0;
  let high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle; else high = middle;
  }
  return wanted - values[low] <= values[high] - wanted ? low : high;
}

// A chart inside `box`. `onMove(x or null)` is told where the pointer is, `onPick(x)` where it was clicked.
function makeChart(box, chart, { onMove = () => {}, onPick = () => {} } = {}) {
  let axis = "images";
  let cursor = null;
  let hidden = new Set();
  const title = element("h3", {}, chart.title);
  const legend = element("ul", { class: "legend" });
  const at = element("li", { class: "at" });
  const svg = element("svg", { role: "img", tabindex: "0" }, "", SVG);
  svg.setAttribute("aria-label", `${chart.title} over the run; arrow keys read it off`);
  box.append(title);
  if (chart.meaning) box.append(element("p", { class: "meaning" }, chart.meaning));
  box.append(legend, svg);
  const values = chart.series.map((one) => {
    const item = element("li");
    const value = element("span");
    item.append(element("i", { class: `series-${one.slot % COLOURS}` }), `${one.name} `, value);
    legend.append(item);
    return { item, value };
  });
  legend.append(at);

  const seen = () => chart.series.filter((one) => !hidden.has(one.slot));
  const reach = () => Math.max(1e-9, ...seen().map((one) => one[axis][one[axis].length - 1] || 0));
  let place = { x: () => 0, back: () => 0, y: () => 0 };

  function draw() {
    const width = Math.max(240, box.clientWidth);
    const inner = { w: width - EDGE.left - EDGE.right, h: EDGE.height - EDGE.top - EDGE.bottom };
    const most = reach();
    place = {
      x: (value) => EDGE.left + (value / most) * inner.w,
      back: (px) => Math.min(most, Math.max(0, ((px - EDGE.left) / inner.w) * most)),
      y: (value) => EDGE.top + (1 - (value - chart.low) / (chart.high - chart.low)) * inner.h,
    };
    svg.setAttribute("viewBox", `0 0 ${width} ${EDGE.height}`);
    svg.setAttribute("height", EDGE.height);
    svg.replaceChildren();
    const add = (kind, attributes, text) => svg.appendChild(element(kind, attributes, text, SVG));
    const y = ticks(chart.low, chart.high, 4);
    for (const value of y.found) {
      add("line", { class: "rule", x1: EDGE.left, x2: width - EDGE.right, y1: place.y(value), y2: place.y(value) });
      add("text", { x: EDGE.left - 8, y: place.y(value) + 4, "text-anchor": "end" }, minus(value.toFixed(y.digits)));
    }
    const about = Math.max(2, Math.floor(inner.w / 95));
    for (const value of axis === "images" ? ticks(0, most, about).found : timeTicks(most, about)) {
      const words = TICK_WORDS[axis](value);
      const x = Math.min(place.x(value), width - 3.4 * words.length); // the last one must not widen the page
      add("text", { x, y: EDGE.height - 6, "text-anchor": "middle" }, words);
    }
    const clip = `clip-${Math.random().toString(36).slice(2)}`;
    add("clipPath", { id: clip }).append(
      element("rect", { x: EDGE.left, y: EDGE.top, width: inner.w + 3, height: inner.h }, "", SVG));
    for (const kind of ["raw", "smooth"]) for (const one of seen()) drawLine(add, one, kind, clip);
    svg.append(marks);
    mark();
  }

  function drawLine(add, one, kind, clip) {
    if (!one[kind]) return;
    const points = one[axis].map((x, k) => (x === null ? null : `${place.x(x).toFixed(1)},${place.y(one[kind][k]).toFixed(1)}`));
    const dashed = one.slot >= COLOURS ? " dashed" : "";
    const line = points.filter(Boolean);
    if (line.length === 1) {
      add("circle", { class: `series-${one.slot % COLOURS}`, cx: line[0].split(",")[0], cy: line[0].split(",")[1], r: 4 });
    }
    add("path", { class: `series-${one.slot % COLOURS} ${kind}${dashed}`, d: `M${line.join("L")}`, "clip-path": `url(#${clip})` });
  }

  const marks = element("g", {}, "", SVG);
  function mark() {
    marks.replaceChildren();
    at.textContent = cursor === null ? "" : WORDS[axis](cursor);
    if (cursor !== null) {
      const x = place.x(Math.min(cursor, reach()));
      marks.append(element("line", { class: "cursor", x1: x, x2: x, y1: EDGE.top, y2: EDGE.height - EDGE.bottom }, "", SVG));
    }
    chart.series.forEach((one, index) => {
      const end = one[axis].length - 1;
      const k = cursor === null ? end : nearest(one[axis], cursor);
      values[index].item.hidden = hidden.has(one.slot);
      const shown = Number(one.smooth[k].toPrecision(3));
      values[index].value.textContent = minus(shown.toLocaleString("en", { maximumFractionDigits: 4 }));
      if (cursor === null || hidden.has(one.slot)) return;
      const spot = { cx: place.x(one[axis][k]), cy: place.y(one.smooth[k]), r: 4, class: `series-${one.slot % COLOURS}` };
      marks.append(element("circle", spot, "", SVG));
    });
  }

  const under = (event) => place.back(event.clientX - svg.getBoundingClientRect().left);
  svg.addEventListener("pointermove", (event) => onMove(under(event)));
  svg.addEventListener("pointerleave", () => onMove(null));
  svg.addEventListener("click", (event) => onPick(under(event)));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const from = cursor === null ? reach() : cursor;
    onMove(Math.min(reach(), Math.max(0, from + (step * reach()) / 50)));
  });
  new ResizeObserver(draw).observe(box);
  draw();
  return {
    setCursor(value) { cursor = value; mark(); },
    setAxis(name) { axis = name; cursor = null; draw(); },
    setHidden(slots) { hidden = slots; draw(); },
  };
}
