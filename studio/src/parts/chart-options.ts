/** How curves look: the options of uPlot, with the colours of the design. */

import type UPlot from "uplot";
import { measure, short } from "../format";
import type { ChartProps, Line } from "./Chart";

const HEIGHT_PX = 220;
const FAINT = 0.3; // of raw values behind their smoothed line
const BAND = 0.16;
const CURSORS = "images"; // charts whose pointers move together

type Told = { current: Pick<ChartProps, "at" | "onHover" | "onPick"> };

interface Around {
  isLog: boolean;
  until: { current: number };
  width: number;
  told: Told;
  element: HTMLElement;
}

/** A colour of the tokens as a canvas takes it. */
function colourOf(element: HTMLElement, name: string, opacity = 1): string {
  const before = element.style.color;
  element.style.color = opacity === 1 ? `var(${name})` : `color-mix(in srgb, var(${name}) ${100 * opacity}%, transparent)`;
  const computed = getComputedStyle(element).color;
  element.style.color = before;
  return computed;
}

export function chartOptions(lines: readonly Line[], { isLog, until, width, told, element }: Around): UPlot.Options {
  const soft = colourOf(element, "--soft");
  const rule = colourOf(element, "--line");
  const accent = colourOf(element, "--accent");
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const series: UPlot.Series[] = [{}];
  const bands: UPlot.Band[] = [];
  for (const line of lines) {
    const name = `--series-${line.colour}`;
    const stroke = colourOf(element, name, line.look === "faint" ? FAINT : 1);
    const width = line.look === "faint" ? 1 : line.look === "dashed" ? 1.5 : 2;
    const dash = line.look === "dashed" ? [4, 4] : [];
    series.push({ label: line.label, stroke, width, dash, spanGaps: true, points: { show: false } });
    if (!line.band) continue;
    const low = series.length;
    for (const _ of line.band) series.push({ stroke: "transparent", width: 0, spanGaps: true, points: { show: false } });
    bands.push({ series: [low + 1, low], fill: colourOf(element, name, BAND) });
  }
  const axis: UPlot.Axis = { stroke: soft, font, grid: { stroke: rule, width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT_PX,
    series,
    bands,
    legend: { show: false },
    scales: { x: { time: false, range: () => [0, until.current] }, ...(isLog && { y: { distr: 3 } }) },
    axes: [
      { ...axis, grid: { show: false }, values: (_, splits) => splits.map(short), space: 70, size: 32 },
      {
        ...axis, size: 56, values: (_, splits) => splits.map((value) => (value === null ? "" : measure(value))),
        ...(isLog && { grid: { ...axis.grid, filter: powersOfTen }, filter: powersOfTen }),
      },
    ],
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: false, y: false },
      sync: { key: CURSORS, setSeries: false },
      bind: {
        // A press picks the moment; the chart is not zoomed.
        mousedown: (chart) => (event) => {
          if (event.button === 0) told.current.onPick?.(chart.posToVal(chart.cursor.left ?? 0, "x"));
          return null;
        },
      },
    },
    hooks: {
      setCursor: [(chart) => {
        if (!chart.over.matches(":hover")) return; // only the one that the pointer is on tells
        const left = chart.cursor.left ?? -1;
        told.current.onHover?.(left < 0 ? null : chart.posToVal(left, "x"));
      }],
      ready: [(chart) => chart.over.addEventListener("mouseleave", () => told.current.onHover?.(null))],
      draw: [(chart) => drawAt(chart, told.current.at ?? null, accent)],
    },
  };
}

const powersOfTen = (_: UPlot, splits: (number | null)[]) =>
  splits.map((value) => (value !== null && Math.abs(Math.log10(value) % 1) < 1e-6 ? value : null));

function drawAt(chart: UPlot, at: number | null, colour: string): void {
  if (at === null) return;
  const { ctx, bbox } = chart;
  const x = Math.round(chart.valToPos(at, "x", true));
  if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) return;
  ctx.save();
  ctx.fillStyle = colour;
  ctx.fillRect(x - 1, bbox.top, 2, bbox.height);
  ctx.restore();
}
