/** What is compared, as far as it is in the address: ?runs=A/B&left=A&right=B, and ?at= images or ?kd= a score. */

import type { Columns, RunDetail } from "../../api/types";
import { rowsWith } from "../../state/columns";
import { momentAt } from "../../state/moments";

export interface Chosen {
  runs: string[];
  left: string | null;
  right: string | null;
  /** By which the moments are chosen. */
  by: "images" | "kd";
  at: number | null; // images; null: the newest of each
  kd: number | null; // null: the best that all reached
  axis: "images" | "seconds";
}

/** Between names of runs in an address; no name has it. */
export const SEPARATOR = "/";

export function chosenIn(query: Record<string, string>): Chosen {
  const runs = [...new Set((query["runs"] ?? "").split(SEPARATOR).filter(Boolean))];
  const one = (name: string | undefined, index: number) => (name !== undefined && runs.includes(name) ? name : (runs[index] ?? null));
  return {
    runs, left: one(query["left"], 0), right: one(query["right"], 1), by: query["kd"] === undefined ? "images" : "kd",
    at: numberOf(query["at"]), kd: numberOf(query["kd"]), axis: query["x"] === "seconds" ? "seconds" : "images",
  };
}

const numberOf = (text: string | undefined) => (text && Number.isFinite(Number(text)) ? Number(text) : null);

export const drawnOf = (run: Pick<RunDetail, "moments">) => run.moments.filter(({ drawn }) => drawn).map(({ images }) => images);

/** Measured KD by images, each no worse than those before: what had been reached by then. */
export function reached(columns: Columns): [images: number, kd: number][] {
  const [images = [], kd = []] = rowsWith(columns, ["kernel_distance"]);
  const best: [number, number][] = [];
  kd.forEach((value, index) => {
    if (value !== null && value < (best.at(-1)?.[1] ?? Infinity)) best.push([images[index] ?? 0, value]);
  });
  return best;
}

/** The drawn moment nearest to when a run first had a KD of at most `target`; null: it never had. */
export function momentOfScore(run: Pick<RunDetail, "columns" | "moments">, target: number): number | null {
  const first = reached(run.columns).find(([, kd]) => kd <= target)?.[0];
  if (first === undefined) return null;
  const drawn = drawnOf(run);
  const before = momentAt(drawn, first);
  const after = drawn.find((moment) => moment >= first);
  if (before === undefined || after === undefined) return before ?? after ?? null;
  return after - first < first - before ? after : before;
}

/** Scores to choose from, worst first: all that any run reached, down to the best of all. */
export function scoresOf(runs: readonly Pick<RunDetail, "columns">[]): number[] {
  return [...new Set(runs.flatMap((run) => reached(run.columns).map(([, kd]) => kd)))].sort((one, other) => other - one);
}

/** The best score that all of them reached. */
export function commonScore(runs: readonly Pick<RunDetail, "columns">[]): number | null {
  const bests = runs.map((run) => reached(run.columns).at(-1)?.[1]);
  return bests.some((kd) => kd === undefined) || bests.length === 0 ? null : Math.max(...(bests as number[]));
}

/** The measures of a run at its best moment, or its last where none is the best. */
export function measuresOf(run: Pick<RunDetail, "columns" | "best_images">, names: readonly string[]): (number | null)[] {
  const [images = [], ...columns] = rowsWith(run.columns, names);
  const at = run.best_images === null ? images.length - 1 : images.findLastIndex((value) => (value ?? 0) <= (run.best_images ?? 0));
  return columns.map((column) => column[at] ?? null);
}
