/** What the list of runs shows, as far as it is in the address: ?at= the moment, ?find= letters of names, ?pick= chosen. */

import { computed, type ReadonlySignal } from "@preact/signals";
import type { RunSummary } from "../../api/types";
import { place, setQuery } from "../../router";
import { isActive } from "../../state/orders";
import { allRuns } from "../../state/store";

/** The moment of the one slider, in images; null: each run's newest. */
export const shownAt = computed<number | null>(() => {
  const at = place.value.query["at"];
  return at && Number.isFinite(Number(at)) ? Number(at) : null;
});

export const find = computed(() => place.value.query["find"] ?? "");

/** Names of the runs that are chosen to be compared. */
export const picked = stable(() => (place.value.query["pick"] ?? "").split(",").filter(Boolean));

export function togglePicked(name: string): void {
  const names = picked.peek();
  setQuery({ pick: (names.includes(name) ? names.filter((one) => one !== name) : [...names, name]).join(",") });
}

const isFound = (run: RunSummary) => run.name.toLowerCase().includes(find.value.toLowerCase());

export const activeRuns = stable(() => namesWhere((run) => isActive(run.state)));
export const restingRuns = stable(() => namesWhere((run) => !isActive(run.state) && run.state !== "queued" && isFound(run)));

const namesWhere = (holds: (run: RunSummary) => boolean) => allRuns().filter(holds).map((run) => run.name);

/** A list that is a new one only where its entries changed, so that what shows it is drawn again only then. */
function stable(list: () => readonly string[]): ReadonlySignal<readonly string[]> {
  let last: readonly string[] = [];
  return computed(() => {
    const next = list();
    if (next.length !== last.length || next.some((name, index) => name !== last[index])) last = next;
    return last;
  });
}
