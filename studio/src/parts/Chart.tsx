import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type UPlot from "uplot";
import { measure } from "../format";
import { coloursChanged } from "../state/theme";
import { language } from "../words";
import { chartOptions } from "./chart-options";
import "./chart.css";

/** A curve: y over x, both as long as each other. */
export interface Line {
  label: string;
  x: readonly number[];
  y: readonly (number | null)[];
  /** Which of the series' colours, 0 to 5. */
  colour: number;
  look?: "line" | "faint" | "dashed";
  /** Low and high ends of a band around it. */
  band?: readonly [low: readonly (number | null)[], high: readonly (number | null)[]];
}

export interface ChartProps {
  title: string;
  meaning?: string;
  lines: readonly Line[];
  /** A logarithmic height, for what falls by powers of ten. */
  isLog?: boolean;
  /** The right end of the width, whose left end is 0. */
  until: number;
  /** Where the film stands: a line across. */
  at?: number | null;
  onHover?: (x: number | null) => void;
  onPick?: (x: number) => void;
}

type Library = typeof UPlot;

const library = signal<Library | null>(null); // 50 kB that a page without curves need not wait for
let isAsked = false;

function load(): void {
  if (isAsked) return;
  isAsked = true;
  void Promise.all([import("uplot"), import("uplot/dist/uPlot.min.css")]).then(([{ default: loaded }]) => { library.value = loaded; });
}

/** Columns as uPlot takes them: one x for all, and for each line its y, then the ends of its band. */
export function joined(join: Library["join"], lines: readonly Line[]): UPlot.AlignedData {
  const tables = lines.map(({ x, y, band }) => [x, y, ...(band ?? [])] as unknown as UPlot.AlignedData);
  return join(tables, tables.map((table) => table.map(() => 2))); // 2: gaps stay gaps
}

/** Curves, drawn again while they are in sight: a page that watches a training takes nothing of it for what is not. */
export function Chart({ title, meaning, lines, isLog = false, until, at = null, onHover, onPick }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | null>(null);
  const told = useRef({ at, onHover, onPick });
  told.current = { at, onHover, onPick };
  const known = useRef({ lines, at });
  known.current = { lines, at };
  const drawn = useRef(known.current);
  const isInSight = useRef(false);
  const end = useRef(until);
  end.current = until;
  load();
  const shape = lines.map(({ label, colour, look, band }) => [label, colour, look, band !== undefined].join()).join("\n");

  const draw = () => {
    const before = drawn.current;
    const now = known.current;
    if (!library.value || !chart.current || !isInSight.current) return;
    drawn.current = now;
    if (before.lines !== now.lines) chart.current.setData(joined(library.value.join, now.lines));
    else if (before.at !== now.at) chart.current.redraw(false); // the line across alone
  };

  useEffect(() => {
    const uPlot = library.value;
    const place = box.current;
    if (!uPlot || !place || lines.length === 0) return;
    const options = chartOptions(lines, { isLog, until: end, width: place.clientWidth, told, element: place });
    const made = new uPlot(options, joined(uPlot.join, lines), place);
    chart.current = made;
    drawn.current = known.current;
    const watching = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: options.height }));
    watching.observe(place);
    const looking = new IntersectionObserver((entries) => {
      isInSight.current = entries.at(-1)?.isIntersecting ?? false;
      draw();
    });
    looking.observe(place);
    return () => {
      watching.disconnect();
      looking.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [library.value, shape, isLog, coloursChanged.value, language.value]);

  useEffect(draw, [lines, at]);

  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        {meaning && <p class="soft small">{meaning}</p>}
        <Legend lines={lines} at={at} />
      </figcaption>
      <div class="chart-box" ref={box} aria-hidden="true" />
    </figure>
  );
}

/** What each line is, with its value where the film stands, or its last: also for whoever does not see the curves. */
function Legend({ lines, at }: { lines: readonly Line[]; at: number | null }) {
  return (
    <ul class="legend small numbers">
      {lines.filter((line) => line.look !== "faint").map((line) => (
        <li key={line.label}>
          <i class={`series-${line.colour} ${line.look ?? ""}`} />
          {line.label} <span class="soft">{measure(valueAt(line, at))}</span>
        </li>
      ))}
    </ul>
  );
}

/** The last value that is not after x. */
export function valueAt({ x, y }: Pick<Line, "x" | "y">, at: number | null): number | null {
  for (let index = x.length - 1; index >= 0; index -= 1) {
    const value = y[index];
    if (value != null && (at === null || (x[index] as number) <= at)) return value;
  }
  return null;
}

