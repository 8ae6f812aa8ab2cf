import { useEffect } from "preact/hooks";
import { ButtonLink, Slider } from "../parts";
import { href, setQuery } from "../router";
import { allMoments } from "../state/moments";
import { allRuns, connection, runNames } from "../state/store";
import { t } from "../words";
import { SEPARATOR } from "./compare/chosen";
import { FirstVisit } from "./FirstVisit";
import { OnBattery } from "./runs/OnBattery";
import { Queue } from "./runs/Queue";
import { RunCard } from "./runs/RunCard";
import { activeRuns, find, picked, restingRuns, shownAt } from "./runs/shown";
import "./runs/runs.css";

const FIND_FROM = 9; // runs: fewer are seen at a glance

export function RunsScreen() {
  useEffect(() => { document.title = t("app.name"); }, []);
  if (connection.value === "waiting") return <p class="soft">{t("loading")}</p>;
  if (runNames.value.length === 0) return <FirstVisit />;
  return (
    <div class="screen">
      <div class="row spread">
        <h1>{t("runs.title")}</h1>
        <ButtonLink kind="main" icon="plus" href={href(["train"])}>{t("nav.train")}</ButtonLink>
      </div>
      <div class="runs-tools">
        <MomentSlider />
        {runNames.value.length >= FIND_FROM && (
          <input
            type="search" class="input" aria-label={t("runs.find")} placeholder={t("runs.find")} value={find.value}
            onInput={(event) => setQuery({ find: event.currentTarget.value })}
          />
        )}
      </div>
      <OnBattery />
      {activeRuns.value.length > 0 && (
        <ul class="stack runs-now">{activeRuns.value.map((name) => <RunCard key={name} name={name} />)}</ul>
      )}
      <Queue />
      <ul class="run-grid">{restingRuns.value.map((name) => <RunCard key={name} name={name} />)}</ul>
      {restingRuns.value.length === 0 && find.value && <p class="soft">{t("runs.noneFound", { find: find.value })}</p>}
      {picked.value.length > 0 && (
        <div class="picked">
          <span>{t("runs.picked", { n: picked.value.length })}</span>
          <ButtonLink kind="main" icon="compare" href={href(["compare"], { runs: picked.value.join(SEPARATOR) })}>
            {t("action.compare")}
          </ButtonLink>
        </div>
      )}
    </div>
  );
}

/** One slider over all pictures of all runs, in images shown; at its right end each run shows its newest. */
function MomentSlider() {
  const moments = allMoments(allRuns());
  if (moments.length < 2) return null;
  const at = shownAt.value;
  const stop = at === null ? moments.length : moments.findLastIndex((moment) => moment <= at);
  return (
    <Slider
      label={t("runs.slider")} min={0} max={moments.length} value={Math.max(stop, 0)}
      text={at === null ? t("runs.newest") : t("images", { n: at })}
      onInput={(index) => setQuery({ at: moments[index] ?? null })}
    />
  );
}
