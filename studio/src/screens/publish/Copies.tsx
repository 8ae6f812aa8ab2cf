/** What the copy test says of a moment of a run: whether its pictures are its training pictures again. */

import { useEffect, useState } from "preact/hooks";
import { get, path, post } from "../../api/client";
import type { Job, RunDetail } from "../../api/types";
import { attempt, Button, Fold, Picture } from "../../parts";
import { setJob } from "../../state/store";
import { t } from "../../words";
import { JobProgress } from "./JobProgress";
import { isUnderWay, jobOf } from "./publications";

interface Card {
  findings: string[];
  pairs: string | null; // a picture: what was drawn beside the training picture nearest to it
}

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

/** "best", "last", or images shown, as the server takes it. */
export const moment = (at: string): string | number => (/^\d+$/.test(at) ? Number(at) : at);

/** The sentences of a score card that speak of copies; what an export says where there is no card. */
export function copyWords(card: Card | null, said: string | null): string[] {
  const ofCopies = card?.findings.filter((line) => /cop(y|ies|ied)/i.test(line)) ?? [];
  return ofCopies.length || !said ? ofCopies : [said];
}

/** The score card of a moment, once it was measured. */
function useCard(run: RunDetail, at: string, after: string): Card | null {
  const [card, setCard] = useState<Card | null>(null);
  useEffect(() => {
    setCard(null);
    if (!after) return;
    const stop = new AbortController();
    const asked = path(["api", "runs", run.name, "score"], { at: at === "last" ? run.images : at });
    get<Card>(asked, stop.signal).then(setCard, () => { if (!stop.signal.aborted) setCard(null); }); // there is none yet
    return () => stop.abort();
  }, [run.name, at, after]);
  return card;
}
