/** Which seeds were drawn from a run in this browser: the latest first. */

import { signal, type Signal } from "@preact/signals";
import { path } from "../../api/client";

export const AT_ONCE = 16; // pictures of a draw
const MOST = 12; // draws that are kept
const MOST_STOPS = 64; // of a film
const MOST_SEED = 1_000_000; // short enough to be typed again

export interface Draw {
  first: number; // seeds first, first + 1, ...
  at: number; // images
  label?: string | null; // of a run with classes
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
export function drawNew(name: string, at: number, label: string | null = null, random = Math.random()): void {
  const draws = drawsOf(name);
  const first = Math.floor((random * MOST_SEED) / AT_ONCE) * AT_ONCE;
  draws.value = [{ first, at, label }, ...draws.value].slice(0, MOST);
  localStorage.setItem(keyOf(name), JSON.stringify(draws.value));
}

/** "0-3, 17" -> the seeds [0, 1, 2, 3, 17], as many as a film may have; null where it says none, or too many. */
export function seedsIn(text: string): number[] | null {
  const seeds: number[] = [];
  for (const part of text.split(/[,\s]+/).filter(Boolean)) {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === undefined || to < from || seeds.length + to - from >= MOST_STOPS) return null;
    for (let seed = from; seed <= to; seed += 1) seeds.push(seed);
  }
  return seeds.length > 0 ? seeds : null;
}

/** The address of a picture of one seed, or of the sheet of several. */
export function drawnAt(name: string, seeds: number | readonly [first: number, count: number], at: number, label: string | null = null): string {
  const asked = typeof seeds === "number" ? String(seeds) : `${seeds[0]}-${seeds[0] + seeds[1] - 1}`;
  return path(["api", "runs", name, "draw"], { seeds: asked, at, label });
}
