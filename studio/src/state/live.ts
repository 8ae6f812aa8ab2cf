/** Keeps the store as the server is: one stream of events for the whole page. */

import { get } from "../api/client";
import { listen } from "../api/events";
import type { Home, Job, PictureSet, RunSummary, Snapshot } from "../api/types";
import { attempt } from "../parts";
import { noticed } from "./notices";
import { connection, forgetRun, forgetSet, home, queue, setJob, setPictureSet, setRun, setSets, setSnapshot } from "./store";

export function follow(): void {
  listen(
    "api/events",
    {
      snapshot: (snapshot: Snapshot) => setSnapshot(snapshot),
      run: (summary: RunSummary) => setRun(summary),
      gone: ({ name }: { name: string }) => forgetRun(name),
      queue: (names: string[]) => { queue.value = names; },
      job: (job: Job) => setJob(job),
      set: (set: PictureSet | { name: string; gone: true }) => ("gone" in set ? forgetSet(set.name) : setPictureSet(set)),
      home: (said: Home) => { home.value = said; },
    },
    {
      onOpen: () => { connection.value = "alive"; },
      onBroken: () => { if (connection.value === "alive") connection.value = "gone"; },
      isNeededHidden: () => noticed.peek().length > 0,
    },
  );
  void attempt(get<Home>("api/home")).then((said) => { if (said) home.value = said; });
  void attempt(get<PictureSet[]>("api/sets")).then((all) => { if (all) setSets(all); });
}

