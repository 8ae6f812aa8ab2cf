import { useEffect, useMemo } from "preact/hooks";
import type { Comparison, RunDetail } from "../api/types";
import { measure } from "../format";
import { Chart, Empty, Icon, Select, Slider } from "../parts";
import { place, setQuery } from "../router";
import { momentAt, sheetOf } from "../state/moments";
import { allRuns } from "../state/store";
import { t } from "../words";
import { type Chosen, chosenIn, commonScore, drawnOf, momentOfScore, scoresOf, SEPARATOR } from "./compare/chosen";
import { useComparison } from "./compare/comparison";
import { COLOURS, overlays } from "./compare/curves";
import { DifferingSettings, ScoreCards } from "./compare/Tables";
import { Wipe } from "./compare/Wipe";
import "./compare/compare.css";
import "./watch/curves.css";

/** Runs beside each other. All that is chosen is in the address, so that a link shows the same. */
export function CompareScreen() {
  const chosen = chosenIn(place.value.query);
  const { comparison, problem } = useComparison(chosen.runs);
  useEffect(() => { document.title = `${t("nav.compare")} – ${t("app.name")}`; }, []);
  return (
    <div class="screen">
      <h1>{t("nav.compare")}</h1>
      <Picker chosen={chosen} />
      {problem && <p class="problem">{problem}</p>}
      {chosen.runs.length < 2 && <Empty title={t("compare.few")} text={t("compare.fewText")} />}
      {chosen.runs.length >= 2 && comparison && <Compared chosen={chosen} comparison={comparison} />}
    </div>
  );
}

function Picker({ chosen: { runs } }: { chosen: Chosen }) {
  const others = allRuns().filter((run) => run.images > 0 && !runs.includes(run.name));
  const set = (names: readonly string[]) => setQuery({ runs: names.join(SEPARATOR) });
  return (
    <div class="picker">
      {runs.map((name, index) => (
        <span class="chip" key={name}>
          <i class={`series-${index % COLOURS}`} />
          {name}
          <button type="button" aria-label={t("compare.remove", { name })} onClick={() => set(runs.filter((one) => one !== name))}>
            <Icon name="close" />
          </button>
        </span>
      ))}
      {others.length > 0 && (
        <select
          class="input" aria-label={t("compare.add")} value=""
          onInput={({ currentTarget }) => { set([...runs, currentTarget.value]); currentTarget.value = ""; }}
        >
          <option value="">{t("compare.add")}</option>
          {others.map((run) => <option key={run.name} value={run.name}>{run.name}</option>)}
        </select>
      )}
    </div>
  );
}

function Compared({ chosen, comparison }: { chosen: Chosen; comparison: Comparison }) {
  const { runs } = comparison;
  const left = runs.find((run) => run.name === chosen.left);
  const right = runs.find((run) => run.name === chosen.right);
  return (
    <>
      <div class="compare">
        {left && right && <Pair chosen={chosen} left={left} right={right} runs={runs} />}
        <ScoreCards runs={runs} />
      </div>
      <Overlaid chosen={chosen} runs={runs} />
      <DifferingSettings comparison={comparison} />
    </>
  );
}

interface PairProps {
  chosen: Chosen;
  left: RunDetail;
  right: RunDetail;
  runs: readonly RunDetail[];
}

function Pair({ chosen, left, right, runs }: PairProps) {
  const target = chosen.kd ?? commonScore([left, right]);
  const side = (run: RunDetail) => {
    const drawn = drawnOf(run);
    const moment = chosen.by === "kd" ? momentOfScore(run, target ?? 0) : momentAt(drawn, chosen.at ?? Infinity);
    if (moment == null) return { name: run.name, src: null, caption: chosen.by === "kd" ? t("compare.never") : t("film.none") };
    return { name: run.name, src: sheetOf(run.name, moment), caption: t("images", { n: moment }) };
  };
  const choices = runs.map(({ name }) => ({ value: name, label: name }));
  return (
    <section class="pair" aria-label={t("compare.pair")}>
      <div class="row spread">
        <div class="segments" role="group" aria-label={t("compare.by")}>
          <button type="button" aria-pressed={chosen.by === "images"} onClick={() => setQuery({ kd: null })}>
            {t("compare.sameMoment")}
          </button>
          <button type="button" aria-pressed={chosen.by === "kd"} disabled={target === null} onClick={() => setQuery({ kd: target })}>
            {t("compare.sameScore")}
          </button>
        </div>
        {runs.length > 2 && (
          <div class="row sides">
            <Select label={t("compare.left")} value={left.name} choices={choices} onInput={(name) => setQuery({ left: name })} />
            <Select label={t("compare.right")} value={right.name} choices={choices} onInput={(name) => setQuery({ right: name })} />
          </div>
        )}
      </div>
      <Wipe left={side(left)} right={side(right)} />
      {chosen.by === "kd" ? <ScoreSlider target={target} runs={[left, right]} /> : <MomentSlider at={chosen.at} runs={[left, right]} />}
    </section>
  );
}

function MomentSlider({ at, runs }: { at: number | null; runs: readonly RunDetail[] }) {
  const moments = [...new Set(runs.flatMap(drawnOf))].sort((one, other) => one - other);
  const stop = at === null ? moments.length : moments.findLastIndex((moment) => moment <= at);
  return (
    <Slider
      label={t("compare.moment")} min={0} max={moments.length} value={Math.max(stop, 0)}
      text={at === null ? t("runs.newest") : t("images", { n: at })} onInput={(index) => setQuery({ at: moments[index] ?? null })}
    />
  );
}

function ScoreSlider({ target, runs }: { target: number | null; runs: readonly RunDetail[] }) {
  const scores = scoresOf(runs);
  const stop = scores.findLastIndex((kd) => kd >= (target ?? Infinity));
  return (
    <Slider
      label={t("compare.score")} min={0} max={scores.length - 1} value={Math.max(stop, 0)} text={`KD ${measure(target)}`}
      onInput={(index) => setQuery({ kd: scores[index] ?? null })}
    />
  );
}

function Overlaid({ chosen: { axis, at, by }, runs }: { chosen: Chosen; runs: readonly RunDetail[] }) {
  const charts = useMemo(() => overlays(runs, axis), [runs, axis]);
  const until = Math.max(...runs.map((run) => run[axis]), 1);
  return (
    <section class="curves" aria-labelledby="overlaid-title">
      <div class="row spread">
        <h2 id="overlaid-title">{t("curves.title")}</h2>
        <Select
          label={t("compare.axis")} value={axis} onInput={(value) => setQuery({ x: value === "images" ? null : value })}
          choices={(["images", "seconds"] as const).map((value) => ({ value, label: t(`compare.axis.${value}`) }))}
        />
      </div>
      <div class="charts">
        {charts.map(({ id, lines, isLog }) => (
          <Chart
            key={id} title={t(`compare.chart.${id}`)} lines={lines} isLog={isLog} until={until}
            at={axis === "images" && by === "images" ? at : null}
            onPick={(x) => { if (axis === "images") setQuery({ at: Math.round(x), kd: null }); }}
          />
        ))}
      </div>
    </section>
  );
}
