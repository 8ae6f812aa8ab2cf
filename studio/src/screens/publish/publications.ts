/** What was published, and where it can be. */

import { signal } from "@preact/signals";
import { get } from "../../api/client";
import type { Published, Target } from "../../api/types";
import { attempt } from "../../parts";

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
