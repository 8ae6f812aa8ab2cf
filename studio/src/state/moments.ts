/** Moments of runs: which picture is shown at so many images. */

import { path } from "../api/client";

/** The last of the sorted moments that is not after `at`; the first where all are, undefined of none. */
export function momentAt(moments: readonly number[], at: number): number | undefined {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle] as number) <= at) low = middle + 1;
    else high = middle;
  }
  return moments[Math.max(low - 1, 0)];
}

/** All moments of all runs, sorted, each once. */
export function allMoments(runs: readonly { drawn?: readonly number[] }[]): number[] {
  return [...new Set(runs.flatMap((run) => run.drawn ?? []))].sort((one, other) => one - other);
}

/** The address of the sheet that was drawn after `images`. */
export const sheetOf = (name: string, images: number): string => path(["api", "runs", name, "moments", `${images}.png`]);

/** How many pictures a row and a column of a sheet has. As in run/recorder.py: as many as fit, from 3 to 8. */
export function sheetShape(width: number, height: number, settings: Record<string, unknown>): [columns: number, rows: number] {
  const asked = settings["recording.drawn_px"];
  const px = typeof asked === "number" ? asked : 480;
  const fit = (side: number) => Math.min(Math.max(Math.floor(px / side), 3), 8);
  return [fit(width), fit(height)];
}

/** "best", "last", or images shown, as the server takes it. */
export const moment = (at: string): string | number => (/^\d+$/.test(at) ? Number(at) : at);
