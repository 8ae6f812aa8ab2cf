/** What the doctor last found in a set. It is a job's result, which other windows have too. */

import { path, post } from "../api/client";
import type { Edits, Finding, Job, Looked, PictureSet } from "../api/types";
import { attempt } from "../parts";
import { jobs, setJob } from "./store";

/** The similarity from which on two pictures are nearly the same: what the doctor tells of unasked. */
export const NEAR = 0.98;

/** What the latest look found that is done; it stands while another one works. */
export function foundIn(set: string): Looked | null {
  const job = [...jobs.value.values()].findLast(({ kind, subject, state }) => kind === "look" && subject === set && state === "done");
  return job ? (job.result as unknown as Looked) : null;
}

export async function look(set: string, { size, fit, alpha, drop_near }: Edits): Promise<void> {
  const job = await attempt(post<Job>(path(["api", "sets", set, "look"]), { size, fit, alpha, drop_near }));
  if (job) setJob(job);
}

/** What of a finding still holds: nothing of files that were left out since. null: nothing. */
export function stillThere(finding: Finding, { edits }: PictureSet): Finding | null {
  const out = new Set(edits.left_out);
  const files = finding.files.filter((file) => !out.has(file));
  const pairs = finding.pairs.filter(([one, other]) => !out.has(one) && !out.has(other));
  if ((finding.files.length && !files.length) || (finding.pairs.length && !pairs.length)) return null;
  return { ...finding, files: finding.pairs.length ? pairs.map(([file]) => file) : files, pairs };
}
