/** A run in full while it is looked at: asked for once, then kept by the page's stream of events. */

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { get, path, Problem, sentence } from "../api/client";
import type { Moment, RunDetail, RunEvent } from "../api/types";
import { type Line, withEvent, withLine, withMoment } from "./columns";
import { watch } from "./live";
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
  const handlers = {
    numbers: (line: Line) => change((run) => ({ ...run, columns: withLine(run.columns, line) })),
    event: (event: RunEvent) => change((run) => ({ ...run, events: [...withEvent(run.events, event)] })),
    moment: (moment: Moment) => change((run) => ({ ...run, moments: withMoment(run.moments, moment) })),
    rewritten: () => void load(), // the log is another one: what is known of it is not
  };
  const goes = computed(() => isActive(runNamed(name)?.state ?? "finished"));
  const watching = effect(() => {
    if (goes.value) return watch({ name, handlers, onOpen: () => void load() });
    void load();
    return undefined;
  });
  const summing = effect(() => {
    const summary = runNamed(name);
    if (summary) change((run) => ({ ...run, ...summary }));
  });
  return () => {
    asked.abort();
    watching();
    summing();
    clearTimeout(timer);
  };
}
