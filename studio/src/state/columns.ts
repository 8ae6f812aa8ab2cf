/** The log's numbers as columns, and how a line more changes them. */

import type { Columns, Moment, RunEvent } from "../api/types";

export type Line = Record<string, number>;

/** The columns with a line more. Where the run went back in time, as after a rescue, what it overwrites is left out. */
export function withLine(columns: Columns, line: Line): Columns {
  const images = columns["images"] ?? [];
  let kept = images.length;
  while (kept > 0 && (images[kept - 1] ?? 0) >= (line["images"] ?? 0)) kept -= 1;
  const names = new Set([...Object.keys(columns), ...Object.keys(line)]);
  const next: Columns = {};
  for (const name of names) {
    const column = columns[name]?.slice(0, kept) ?? new Array<null>(kept).fill(null);
    column.push(line[name] ?? null);
    next[name] = column;
  }
  return next;
}

/** The moments with one more, in order; the later word counts, and what is neither drawn nor kept is gone. */
export function withMoment(moments: readonly Moment[], moment: Moment): Moment[] {
  const others = moments.filter(({ images }) => images !== moment.images);
  const isThere = moment.drawn || moment.kept;
  return [...others, ...(isThere ? [moment] : [])].sort((one, other) => one.images - other.images);
}

/** The events with one more, unless it is there already. */
export function withEvent(events: readonly RunEvent[], event: RunEvent): readonly RunEvent[] {
  const is = (one: RunEvent) => one.images === event.images && one.event === event.event && one.text === event.text;
  return events.some(is) ? events : [...events, event];
}

/** The measured moments alone: rows of `names` where the first of them is a number. */
export function rowsWith(columns: Columns, names: readonly string[]): (number | null)[][] {
  const [measured] = names;
  const column = measured === undefined ? undefined : columns[measured];
  const rows = (column ?? []).flatMap((value, index) => (value === null ? [] : [index]));
  return ["images", ...names].map((name) => rows.map((row) => columns[name]?.[row] ?? null));
}
