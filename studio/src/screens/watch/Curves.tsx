import { useMemo } from "preact/hooks";
import type { Columns } from "../../api/types";
import { Chart, Slider } from "../../parts";
import { place, setQuery } from "../../router";
import { percent } from "../../format";
import { t } from "../../words";
import { curves } from "./curves";
import "./curves.css";

const USUAL = 0.9; // weight of what came before

interface CurvesProps {
  columns: Columns;
  at: number | null;
  floor: number | null;
  until: number;
  onHover: (images: number | null) => void;
  onPick: (images: number) => void;
}

/** All curves of a run. Pointing at one shows the film at that moment; a press keeps it there. */
export function Curves({ columns, at, floor, until, onHover, onPick }: CurvesProps) {
  const asked = Number(place.value.query["smooth"] ?? USUAL);
  const weight = asked >= 0 && asked < 1 ? asked : USUAL;
  const charts = useMemo(() => curves(columns, weight, floor), [columns, weight, floor]);
  if (charts.length === 0) return null;
  return (
    <section class="curves" aria-labelledby="curves-title">
      <div class="row spread">
        <h2 id="curves-title">{t("curves.title")}</h2>
        <Slider
          label={t("curves.smoothing")} min={0} max={0.99} step={0.01} value={weight} text={percent(weight)}
          onInput={(value) => setQuery({ smooth: value === USUAL ? null : value })}
        />
      </div>
      <div class="charts">
        {charts.map(({ id, lines, isLog }) => (
          <Chart
            key={id} title={t(`curves.${id}`)} meaning={t(`curves.${id}.meaning`)} lines={lines} isLog={isLog} until={until}
            at={at} onHover={onHover} onPick={onPick}
          />
        ))}
      </div>
    </section>
  );
}

