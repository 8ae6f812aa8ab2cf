import type { Job } from "../../api/types";
import { Progress } from "../../parts";
import { isUnderWay } from "./publications";

/** How far a job is, or why it failed; nothing once it is done. */
export function JobProgress({ job, working }: { job: Job | undefined; working: string }) {
  if (job?.state === "failed") return <p class="warn" role="alert">{job.problem}</p>;
  if (!job || !isUnderWay(job)) return null;
  return (
    <div class="stack" role="status">
      <p class="soft small">{job.text || working}</p>
      <Progress share={job.total ? job.done / job.total : null} label={working} />
    </div>
  );
}
