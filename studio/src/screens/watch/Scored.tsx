import { useEffect, useState } from "preact/hooks";
import { get, path, post } from "../../api/client";
import type { Job, RunDetail, ScoreCard, Scores } from "../../api/types";
import { ago, measure } from "../../format";
import { attempt, Button, JobProgress, Picture } from "../../parts";
import { isUnderWay, jobOf } from "../../state/jobs";
import { setJob } from "../../state/store";
import { t } from "../../words";
import "./scored.css";

const PLACE = "scores";

/** Brings the score card into sight, with the pictures that are nearest to training pictures. */
export function showScores(): void {
  document.getElementById(PLACE)?.scrollIntoView({ block: "start" });
}

/** The score card of the best model: asked for, and kept. */
export function Scored({ run }: { run: RunDetail }) {
  const job = jobOf("score", run.name);
  const card = useCard(run, job?.state === "done" ? job.id : "");
  const begin = async () => {
    const begun = await attempt(post<Job>(path(["api", "runs", run.name, "score"])));
    if (begun) setJob(begun);
  };
  if (run.images === 0) return null; // there is nothing to score yet
  return (
    <section class="scored" id={PLACE} aria-labelledby="scored-title">
      <div class="row spread">
        <h2 id="scored-title">{t("scored.title")}</h2>
        {!isUnderWay(job) && <Button onClick={() => void begin()}>{t(card ? "scored.again" : "scored.begin")}</Button>}
      </div>
      <JobProgress job={job} working={t("scored.working")} />
      {!card && !isUnderWay(job) && <p class="soft">{t("scored.help")}</p>}
      {card && <Card card={card} />}
    </section>
  );
}

function Card({ card }: { card: ScoreCard }) {
  return (
    <div class="scored-card">
      <div class="stack">
        <ul class="findings">{card.findings.map((line) => <li key={line}>{line}</li>)}</ul>
        <p class="soft small">{t("scored.when", { when: ago(card.measured) })}</p>
        {card.pairs && (
          <figure>
            <Picture src={card.pairs} alt={t("scored.pairs")} lazy />
            <figcaption class="soft small">{t("scored.pairs")}</figcaption>
          </figure>
        )}
      </div>
      <Numbers card={card} />
    </div>
  );
}

type Cell = (scores: Scores) => number | null;
const ROWS: readonly (readonly ["kd" | "fd" | "precision" | "recall" | "spread", Cell])[] = [
  ["kd", (scores) => scores.kernel_distance.value],
  ["fd", (scores) => scores.frechet_distance],
  ["precision", (scores) => scores.neighbourhoods?.precision ?? null],
  ["recall", (scores) => scores.neighbourhoods?.recall ?? null],
  ["spread", (scores) => scores.spread],
];
const COLUMNS = ["model", "floor", "pca"] as const;

function Numbers({ card }: { card: ScoreCard }) {
  return (
    <table class="numbers small">
      <thead>
        <tr><td />{COLUMNS.map((column) => <th key={column} scope="col">{t(`scored.${column}`)}</th>)}</tr>
      </thead>
      <tbody>
        {ROWS.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{t(`scored.${name}`)}</th>
            {COLUMNS.map((column) => <td key={column}>{measure(value(card[column]))}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The kept card. The floor of a run comes from it, so without one there is none to ask for. after: a job that made it anew. */
function useCard(run: RunDetail, after: string): ScoreCard | null {
  const [card, setCard] = useState<ScoreCard | null>(null);
  const isThere = run.floor_kd !== null || after !== "";
  useEffect(() => {
    const ended = new AbortController();
    if (isThere) get<ScoreCard>(path(["api", "runs", run.name, "score"]), ended.signal).then(setCard, () => undefined);
    return () => ended.abort();
  }, [run.name, isThere, after]);
  return card;
}
