import { path, remove } from "../api/client";
import type { Job } from "../api/types";
import { isUnderWay } from "../state/jobs";
import { t } from "../words";
import { Button } from "./Button";
import { Progress } from "./Progress";
import { attempt } from "./Toast";

/** How far a job is, with a button that ends it, or why it failed; nothing once it is done. */
export function JobProgress({ job, working }: { job: Job | undefined; working: string }) {
  if (job?.state === "failed") return <p class="problem" role="alert">{job.problem}</p>;
  if (!job || !isUnderWay(job)) return null;
  return (
    <div class="stack job">
      <div class="row spread">
        <p class="soft small" role="status">{job.text || working}</p>
        <Button kind="quiet" onClick={() => void attempt(remove(path(["api", "jobs", job.id])))}>{t("action.cancel")}</Button>
      </div>
      <Progress share={job.total ? job.done / job.total : null} label={working} />
    </div>
  );
}
