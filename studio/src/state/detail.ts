/** A run in full while it is looked at: asked for once, then kept by its own stream of events. */

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { get, path, Problem, sentence } from "../api/client";
import { listen, type Listening } from "../api/events";
import type { Moment, RunDetail, RunEvent, RunSummary } from "../api/types";
import { type Line, withEvent, withLine, withMoment } from "./columns";
import { isActive } from "./orders";
import { run as runNamed } from "./store";

export interface Detail {
  run: RunDetail | null;
  problem: string | null;
  /** There is no such run, or no longer. */
  isMissing: boolean;
}

const NOTHING: Detail = { run: null, problem: null, isMissing: false };

export function useDetail(name: string): ReadonlySignal<Detail> {
  const [detail] = useState(() => signal<Detail>(NOTHING));
  useEffect(() => follow(name, (change) => { detail.value = change(detail.peek()); }), [name]);
  return detail;
}

/** Tell what becomes of a run, until what is returned is called. What comes within a frame is told at once. */
function follow(name: string, tell: (change: (before: Detail) => Detail) => void): () => void {
  const asked = new AbortController();
  let waiting: ((run: RunDetail) => RunDetail)[] = [];
  let timer = 0;

  const change = (next: (run: RunDetail) => RunDetail) => {
    waiting.push(next);
    timer ||= window.setTimeout(flush, 50);
  };
  const flush = () => {
    timer = 0;
    tell((before) => {
      if (before.run === null) return before; // kept until it is there
      const changes = waiting;
      waiting = [];
      return { ...before, run: changes.reduce((run, next) => next(run), before.run) };
    });
  };
  const load = async () => {
    try {
      const run = await get<RunDetail>(path(["api", "runs", name]), asked.signal);
      tell(() => ({ run, problem: null, isMissing: false }));
      flush();
    } catch (error) {
      if (asked.signal.aborted) return;
      const isMissing = error instanceof Problem && error.status === 404;
      tell((before) => ({ ...before, problem: sentence(error), isMissing }));
    }
  };

  // Only a run that goes has news; that it begins to go, or ends, is heard of in the list of runs.
  let listening: Listening | null = null;
  const goes = computed(() => isActive(runNamed(name)?.state ?? "finished"));
  const listenWhileItGoes = effect(() => {
    if (goes.value) listening = listenTo(name, change, () => void load());
    else {
      listening?.close();
      void load();
    }
  });
  return () => {
    asked.abort();
    clearTimeout(timer);
    listenWhileItGoes();
    listening?.close();
  };
}

function listenTo(name: string, change: (next: (run: RunDetail) => RunDetail) => void, onOpen: () => void): Listening {
  return listen(
    path(["api", "runs", name, "events"]),
    {
      numbers: (line: Line) => change((run) => ({ ...run, columns: withLine(run.columns, line) })),
      event: (event: RunEvent) => change((run) => ({ ...run, events: [...withEvent(run.events, event)] })),
      moment: (moment: Moment) => change((run) => ({ ...run, moments: withMoment(run.moments, moment) })),
      rewritten: onOpen, // the log is another one: what is known of it is not
      run: (summary: RunSummary) => change((run) => ({ ...run, ...summary })),
    },
    { onOpen },
  );
}
