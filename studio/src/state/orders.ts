/** What may be asked of a run, and when. */

import { path, patch, post, put, remove } from "../api/client";
import type { RunState, RunSummary } from "../api/types";
import { queue } from "./store";

export type Order = "pause" | "resume" | "stop" | "extend" | "first" | "unqueue" | "delete" | "rename";

const MAY: Record<RunState, readonly Order[]> = {
  queued: ["first", "unqueue", "rename"],
  starting: ["pause", "stop"],
  training: ["pause", "stop", "extend"],
  pausing: [],
  paused: ["resume", "stop", "extend", "rename", "delete"],
  finished: ["extend", "rename", "delete"],
  failed: ["resume", "rename", "delete"],
};

export const may = (state: RunState, order: Order): boolean => MAY[state].includes(order);
export const isActive = (state: RunState): boolean => state === "starting" || state === "training" || state === "pausing";

const at = (name: string, ...rest: string[]) => path(["api", "runs", name, ...rest]);

export interface More {
  seconds?: number;
  images?: number;
}

export const pause = (name: string) => post<RunSummary>(at(name, "pause"));
export const stop = (name: string) => post<RunSummary>(at(name, "stop"));
/** Go on; with `more`, up to new limits. */
export const resume = (name: string, more: More = {}) => post<RunSummary>(at(name, "resume"), more);
export const first = (name: string) => post<unknown>(at(name, "first"));
export const destroy = (name: string) => remove<unknown>(at(name));
export const rename = (name: string, to: string) => patch<RunSummary>(at(name), { name: to });
export const unqueue = (name: string) => remove<unknown>(path(["api", "queue", name]));

/** The order of those that wait; shown at once, and put back where the server refuses. */
export async function reorder(names: readonly string[]): Promise<void> {
  const before = queue.peek();
  queue.value = names;
  try {
    await put("api/queue", names);
  } catch (error) {
    queue.value = before;
    throw error;
  }
}

/** A list with one of its entries moved to another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, index) => index !== from);
  const place = Math.min(Math.max(to, 0), rest.length);
  return [...rest.slice(0, place), list[from] as T, ...rest.slice(place)];
}
