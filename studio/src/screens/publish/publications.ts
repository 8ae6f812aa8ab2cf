/** What was published, and the jobs that publish. */

import { signal } from "@preact/signals";
import { get } from "../../api/client";
import type { Job, Published, Target } from "../../api/types";
import { attempt } from "../../parts";
import { jobs } from "../../state/store";

export const publications = signal<readonly Published[] | null>(null);
export const targets = signal<readonly Target[] | null>(null);

export async function readPublications(): Promise<void> {
  const said = await attempt(get<Published[]>("api/published"));
  if (said) publications.value = said;
}

export async function readTargets(): Promise<void> {
  const said = await attempt(get<Target[]>("api/targets")); // each time: a package may have been installed
  if (said) targets.value = said;
}

/** The latest job of a kind about a run. */
export const jobOf = (kind: Job["kind"], run: string): Job | undefined =>
  [...jobs.value.values()].filter((job) => job.kind === kind && job.subject === run).at(-1);

export const isUnderWay = (job: Job | undefined): boolean => job?.state === "waiting" || job?.state === "working";
