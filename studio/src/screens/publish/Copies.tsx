/** What the copy test says of a run: whether its pictures are its training pictures again. */

import { path, post } from "../../api/client";
import type { Job, RunDetail } from "../../api/types";
import { attempt, Button, Progress } from "../../parts";
import { setJob } from "../../state/store";
import { t } from "../../words";
import { isUnderWay, jobOf } from "./publications";

export function Copies({ run, at }: { run: RunDetail; at: string }) {
  const job = jobOf("score", run.name);
  const test = async () => {
    const begun = await attempt(post<Job>(path(["api", "runs", run.name, "score"]), { at }));
    if (begun) setJob(begun);
  };
  const words = job?.state === "done" ? copyWords(job.result ?? {}) : [];
  return (
    <section class="stack copies" aria-label={t("copies.title")}>
      <h3>{t("copies.title")}</h3>
      {run.verdict?.kind === "copying" && <p class="warn">{run.verdict.evidence}</p>}
      {words.map((line) => <p key={line} class="small">{line}</p>)}
      {isUnderWay(job)
        ? <><p class="soft small" role="status">{job?.text || t("copies.working")}</p><Progress share={job?.total ? job.done / job.total : null} label={t("copies.working")} /></>
        : (
          <>
            {!words.length && <p class="soft small">{t("copies.help")}</p>}
            {job?.state === "failed" && <p class="warn small">{job.problem}</p>}
            <div class="row"><Button onClick={() => void test()}>{t(words.length ? "copies.again" : "copies.test")}</Button></div>
          </>
        )}
    </section>
  );
}

/** The sentences of a score that speak of copies; all of them where none does. */
export function copyWords(result: Record<string, unknown>): string[] {
  const { copy_word: word, findings } = result;
  if (typeof word === "string" && word) return [word];
  const said = Array.isArray(findings) ? findings.map(String) : [];
  const ofCopies = said.filter((line) => /cop(y|ies|ied)/i.test(line));
  return ofCopies.length ? ofCopies : said;
}
