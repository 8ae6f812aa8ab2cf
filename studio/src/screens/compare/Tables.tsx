import type { Comparison, RunDetail } from "../../api/types";
import { duration, measure, size, withError } from "../../format";
import { t } from "../../words";
import { measuresOf } from "./chosen";
import "./tables.css";

const MEASURES = ["precision", "recall", "spread", "copied"] as const;
type Compared = Comparison["runs"][number];

interface Row {
  id: string;
  label: string;
  texts: (string | null)[]; // null: not measured
}

function rowsOf(runs: readonly Compared[]): Row[] {
  const row = (id: string, label: string, values: (number | null)[], text: (value: number, run: RunDetail) => string = measure) => {
    const texts = values.map((value, index) => (value === null ? null : text(value, runs[index] as RunDetail)));
    return { id, label, texts };
  };
  const measures = runs.map((run) => measuresOf(run, MEASURES));
  const rows = [
    row("kd", t("compare.kd"), runs.map((run) => run.kd), (kd, run) => withError(kd, run.kd_error)),
    row("cardKd", t("compare.cardKd"), runs.map(({ card }) => card?.model.kernel_distance.value ?? null)),
    row("floor", t("compare.floor"), runs.map((run) => run.floor_kd)),
    row("pca", t("curves.pca"), runs.map((run) => run.pca_kd)),
    ...MEASURES.map((name, index) => row(name, t(`compare.${name}`), measures.map((values) => values[index] ?? null))),
    row("fd", t("compare.fd"), runs.map(({ card }) => card?.model.frechet_distance ?? null)),
    row("coverage", t("compare.coverage"), runs.map(({ card }) => card?.model.neighbourhoods?.coverage ?? null)),
    row("best", t("compare.best"), runs.map((run) => run.best_images), (n) => t("images", { n })),
    row("images", t("compare.images"), runs.map((run) => run.images), (n) => t("images", { n })),
    row("seconds", t("vitals.trained"), runs.map((run) => run.seconds), duration),
    row("size", t("compare.size"), runs.map((run) => run.width), (_, run) => size(run.width, run.height)),
  ];
  return rows.filter(({ texts }) => texts.some((text) => text !== null));
}

/** The run whose KD is lower than all others' by more than two errors of both; null where none is. */
export function clearlyBest(runs: readonly Pick<RunDetail, "kd" | "kd_error">[]): number | null {
  const ends = runs.map(({ kd, kd_error }) => (kd === null ? null : [kd - 2 * (kd_error ?? 0), kd + 2 * (kd_error ?? 0)] as const));
  const isBelow = (end: readonly [number, number], index: number) =>
    ends.every((other, at) => at === index || other === null || end[1] < other[0]);
  const best = ends.findIndex((end, index) => end !== null && isBelow(end, index));
  return best < 0 || ends.filter((end) => end !== null).length < 2 ? null : best;
}

/** What each run reached at its best moment, side by side; a KD that is clearly the best stands out. */
export function ScoreCards({ runs }: { runs: readonly Compared[] }) {
  const best = clearlyBest(runs);
  return (
    <Table title={t("compare.scores")} runs={runs}>
      {rowsOf(runs).map(({ id, label, texts }) => (
        <tr key={id}>
          <th scope="row">{label}</th>
          {texts.map((text, index) => (
            <td key={index} class="numbers">{id === "kd" && index === best ? <strong>{text}</strong> : (text ?? "–")}</td>
          ))}
        </tr>
      ))}
    </Table>
  );
}

/** The settings that differ, and nothing else. */
export function DifferingSettings({ comparison: { settings, runs } }: { comparison: Comparison }) {
  if (settings.length === 0) {
    return <section><h2>{t("compare.settings")}</h2><p class="soft">{t("compare.same")}</p></section>;
  }
  return (
    <Table title={t("compare.settings")} runs={runs}>
      {settings.map(({ path, values }) => (
        <tr key={path}>
          <th scope="row"><code>{path}</code></th>
          {values.map((value, index) => <td key={index}>{said(value)}</td>)}
        </tr>
      ))}
    </Table>
  );
}

function said(value: unknown): string {
  if (value === null || value === undefined || value === "") return t("compare.unset");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Table({ title, runs, children }: { title: string; runs: readonly RunDetail[]; children: preact.ComponentChildren }) {
  return (
    <section class="table">
      <h2>{title}</h2>
      <div class="table-scroll" tabIndex={0} role="group" aria-label={title}>
        <table>
          <thead>
            <tr><td />{runs.map((run) => <th key={run.name} scope="col">{run.name}</th>)}</tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
    </section>
  );
}
