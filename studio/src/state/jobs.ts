import { effect } from "@preact/signals";
import { Problem } from "../api/client";
import type { Job } from "../api/types";
import { t } from "../words";
import { jobs, setJob } from "./store";

/** The latest job of a kind about a run. */
export const jobOf = (kind: Job["kind"], run: string): Job | undefined =>
  [...jobs.value.values()].findLast((job) => job.kind === kind && job.subject === run);

export const isUnderWay = (job: Job | undefined): boolean => job?.state === "waiting" || job?.state === "working";

/** The end of a job that was just asked for: its result.
 *
 * Raises Problem: it failed, or was cancelled.
 */
export function jobDone(asked: Job): Promise<Record<string, unknown>> {
  if (!jobs.peek().has(asked.id)) setJob(asked);
  return new Promise((resolve, reject) => {
    const dispose = effect(() => {
      const job = jobs.value.get(asked.id);
      if (!job || job.state === "waiting" || job.state === "working") return;
      if (job.state === "done") resolve(job.result ?? {});
      else reject(new Problem(job.problem ?? t(`job.${job.state}`), 0));
      queueMicrotask(() => dispose());
    });
  });
}
