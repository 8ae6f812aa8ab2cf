/** Keeps the store as the server is: one stream of events for the whole page. */

import { effect, signal } from "@preact/signals";
import { get, path } from "../api/client";
import { type Handlers, listen } from "../api/events";
import type { Home, Job, PictureSet, RunSummary, Snapshot } from "../api/types";
import { attempt } from "../parts";
import { noticed } from "./notices";
import { connection, forgetRun, forgetSet, home, queue, setJob, setPictureSet, setRun, setSets, setSnapshot } from "./store";

const HANDLERS: Handlers = {
  snapshot: (snapshot: Snapshot) => setSnapshot(snapshot),
  run: (summary: RunSummary) => setRun(summary),
  gone: ({ name }: { name: string }) => forgetRun(name),
  queue: (names: string[]) => { queue.value = names; },
  job: (job: Job) => setJob(job),
  set: (set: PictureSet | { name: string; gone: true }) => ("gone" in set ? forgetSet(set.name) : setPictureSet(set)),
  home: (said: Home) => { home.value = said; },
};

/** What a screen wants to hear of the run that it shows. */
export interface Watched {
  name: string;
  handlers: Handlers;
  /** The stream is open, for the first time or again: what was missed before has to be asked for. */
  onOpen: () => void;
}

const watched = signal<Watched | null>(null);

/** Hear of a run too, until what is returned is called. One at a time, the latest. */
export function watch(run: Watched): () => void {
  watched.value = run;
  return () => {
    if (watched.peek() === run) watched.value = null;
  };
}

export function follow(): void {
  effect(() => {
    const run = watched.value;
    const listening = listen(path(["api", "events"], { run: run?.name }), { ...HANDLERS, ...run?.handlers }, {
      onOpen: () => {
        connection.value = "alive";
        run?.onOpen();
      },
      onBroken: () => { if (connection.peek() === "alive") connection.value = "gone"; },
      isNeededHidden: () => noticed.peek().length > 0,
    });
    return () => listening.close();
  });
  void attempt(get<Home>("api/home")).then((said) => { if (said) home.value = said; });
  void attempt(get<PictureSet[]>("api/sets")).then((all) => { if (all) setSets(all); });
}

