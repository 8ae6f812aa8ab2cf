/** What the copy test says of a moment of a run: whether its pictures are its training pictures again. */

import { useEffect, useState } from "preact/hooks";
import { get, path, post } from "../../api/client";
import type { Job, RunDetail, ScoreCard } from "../../api/types";
import { attempt, Button, Fold, JobProgress, Picture } from "../../parts";
import { isUnderWay, jobOf } from "../../state/jobs";
import { moment } from "../../state/moments";
import { setJob } from "../../state/store";
import { t } from "../../words";

export function Copies({ run, at, said }: { run: RunDetail; at: string; said: string | null }) {
  const job = jobOf("score", run.name);
  const card = useCard(run, at, job?.state === "done" ? job.id : "");
  const words = copyWords(card, said);
  const test = async () => {
    const begun = await attempt(post<Job>(path(["api", "runs", run.name, "score"]), { at: moment(at) }));
    if (begun) setJob(begun);
  };
  return (
    <section class="stack copies" aria-label={t("copies.title")}>
      <h2>{t("copies.title")}</h2>
      {run.verdict?.kind === "copying" && <p class="warn">{run.verdict.evidence}</p>}
      {words.map((line) => <p key={line} class="small">{line}</p>)}
      {card?.pairs && <Fold title={t("copies.pairs")}><Picture src={card.pairs} alt={t("copies.pairsAlt")} lazy /></Fold>}
      {!words.length && <p class="soft small">{t("copies.help")}</p>}
      <JobProgress job={job} working={t("copies.working")} />
      {!isUnderWay(job) && <div class="row"><Button onClick={() => void test()}>{t(card ? "copies.again" : "copies.test")}</Button></div>}
    </section>
  );
}

/** The sentences of a score card that speak of copies; what an export says where there is no card. */
export function copyWords(card: Pick<ScoreCard, "findings"> | null, said: string | null): string[] {
  const ofCopies = card?.findings.filter((line) => /cop(y|ies|ied)/i.test(line)) ?? [];
  return ofCopies.length || !said ? ofCopies : [said];
}

/** The kept score card of a moment. That of the best one is there where the run has a floor, which comes from it. */
function useCard(run: RunDetail, at: string, after: string): ScoreCard | null {
  const [card, setCard] = useState<ScoreCard | null>(null);
  const isThere = after !== "" || (at === "best" && run.floor_kd !== null);
  useEffect(() => {
    setCard(null);
    const ended = new AbortController();
    const asked = path(["api", "runs", run.name, "score"], { at: at === "last" ? run.images : at });
    if (isThere) get<ScoreCard>(asked, ended.signal).then(setCard, () => undefined); // of this moment there is none
    return () => ended.abort();
  }, [run.name, at, isThere, after]);
  return card;
}
