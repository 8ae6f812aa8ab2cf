/** Which seeds were drawn from a run in this browser: the latest first. */

import { signal, type Signal } from "@preact/signals";
import { path } from "../../api/client";

export const AT_ONCE = 16; // pictures of a draw
const MOST = 12; // draws that are kept
const MOST_SEED = 1_000_000; // short enough to be typed again

export interface Draw {
  first: number; // seeds first, first + 1, ...
  at: number; // images
}

const kept = new Map<string, Signal<readonly Draw[]>>();
const keyOf = (name: string) => `ganvas-draws/${name}`;

export function drawsOf(name: string): Signal<readonly Draw[]> {
  const known = kept.get(name);
  if (known) return known;
  const draws = signal<readonly Draw[]>(JSON.parse(localStorage.getItem(keyOf(name)) ?? "[]") as Draw[]);
  kept.set(name, draws);
  return draws;
}

/** Draw new seeds at a moment. random: 0 to below 1. */
export function drawNew(name: string, at: number, random = Math.random()): void {
  const draws = drawsOf(name);
  const first = Math.floor((random * MOST_SEED) / AT_ONCE) * AT_ONCE;
  draws.value = [{ first, at }, ...draws.value].slice(0, MOST);
  localStorage.setItem(keyOf(name), JSON.stringify(draws.value));
}

/** The address of a picture of one seed, or of the sheet of several. */
export function drawnAt(name: string, seeds: number | readonly [first: number, count: number], at: number | string): string {
  const asked = typeof seeds === "number" ? String(seeds) : `${seeds[0]}-${seeds[0] + seeds[1] - 1}`;
  return path(["api", "runs", name, "draw"], { seeds: asked, at });
}
