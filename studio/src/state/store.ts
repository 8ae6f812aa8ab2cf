/** What the server last said of everything small. Only `live.ts` changes it; screens read it. */

import { batch, type Signal, signal } from "@preact/signals";
import type { Home, Job, PictureSet, RunSummary, Snapshot } from "../api/types";

/** Each run by itself, so that a change of one redraws its card alone. */
const runs = new Map<string, Signal<RunSummary>>();

/** Names of all runs, latest begun first. */
export const runNames = signal<readonly string[]>([]);
/** Names of the runs that wait, in order. */
export const queue = signal<readonly string[]>([]);
export const jobs = signal<ReadonlyMap<string, Job>>(new Map());
export const sets = signal<ReadonlyMap<string, PictureSet>>(new Map());
/** Whether the sets were told: until then, one that is not there may yet come. */
export const setsKnown = signal(false);
export const home = signal<Home | null>(null);
/** waiting: nothing was heard yet. gone: it was, and no longer is. */
export const connection = signal<"waiting" | "alive" | "gone">("waiting");

/** A run as it is now; undefined where there is none of that name. */
export function run(name: string): RunSummary | undefined {
  void runNames.value; // it may come or go
  return runs.get(name)?.value;
}

export const allRuns = (): RunSummary[] => runNames.value.flatMap((name) => run(name) ?? []);

export function setRun(summary: RunSummary): void {
  const known = runs.get(summary.name);
  if (known) known.value = summary;
  else {
    runs.set(summary.name, signal(summary));
    putInOrder();
  }
}

export function forgetRun(name: string): void {
  if (runs.delete(name)) putInOrder();
}

export function setSnapshot(snapshot: Snapshot): void {
  batch(() => {
    const there = new Set(snapshot.runs.map((summary) => summary.name));
    for (const name of [...runs.keys()]) if (!there.has(name)) runs.delete(name);
    for (const summary of snapshot.runs) {
      const known = runs.get(summary.name);
      if (known) known.value = summary;
      else runs.set(summary.name, signal(summary));
    }
    putInOrder();
    queue.value = snapshot.queue;
    jobs.value = new Map(snapshot.jobs.map((job) => [job.id, job]));
    if (snapshot.sets) setSets(snapshot.sets);
    if (snapshot.home) home.value = snapshot.home;
  });
}

export function setJob(job: Job): void {
  jobs.value = new Map(jobs.value).set(job.id, job);
}

export function setSets(all: readonly PictureSet[]): void {
  sets.value = new Map(all.map((set) => [set.name, set]));
  setsKnown.value = true;
}

export function setPictureSet(set: PictureSet): void {
  sets.value = new Map(sets.value).set(set.name, set);
}

export function forgetSet(name: string): void {
  const rest = new Map(sets.value);
  if (rest.delete(name)) sets.value = rest;
}

function putInOrder(): void {
  const begun = (name: string) => runs.get(name)?.peek().begun ?? 0;
  runNames.value = [...runs.keys()].sort((one, other) => begun(other) - begun(one));
}
