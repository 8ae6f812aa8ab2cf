/** A new run: which pictures, how large, how long; the rest folded; and beside it what can be expected. */

import { useEffect, useState } from "preact/hooks";
import { get, path, post, Problem, sentence } from "../api/client";
import type { Recipe, RunDetail, RunSummary } from "../api/types";
import { attempt, Button, Check, TextField, tell } from "../parts";
import { go, place, setQuery } from "../router";
import { allRuns, queue, setRun, sets } from "../state/store";
import { t } from "../words";
import { type Choices, choicesOf, faults, isSize, queryOf, requestFor } from "./train/choices";
import { useForecast } from "./train/forecast";
import { ForecastPanel } from "./train/ForecastPanel";
import { MoreSettings } from "./train/MoreSettings";
import { SetChoice } from "./train/SetChoice";
import { SizeChoice } from "./train/SizeChoice";
import { StartFrom } from "./train/StartFrom";
import { TimeChoice } from "./train/TimeChoice";
import "./train/train.css";

const LABELS = "pictures.conditional";

export function TrainScreen() {
  const choices = choicesOf(place.value.query, sets.value);
  const { start, settings } = choices;
  const change = (changes: Partial<Choices>) => setQuery(queryOf(changes));
  const set = choices.set === null ? undefined : sets.value.get(choices.set);
  const fork = useFork(start && "run" in start ? start.run : null, choices, change);
  const recipes = useRecipes();
  const recipe = recipes.find(({ name, is_default }) => (choices.recipe === null ? is_default : name === choices.recipe)) ?? recipes[0];
  const wrong = faults(recipe?.settings ?? [], settings);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const forecasting = useForecast(choices);
  const isTraining = allRuns().some(({ state }) => state === "training" || state === "starting" || state === "pausing");
  const before = queue.value.length + (isTraining ? 1 : 0); // runs that go first
  const isReady = (choices.source !== null || set?.ready === true) && isSize(choices.size) && (choices.seconds !== null || choices.images !== null) && !wrong.length;
  const labels = Object.keys(set?.classes ?? {}).length;

  const begin = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const run = await post<RunSummary>("api/runs", requestFor(choices));
      setRun(run);
      if (run.state === "queued") tell(t("train.queued", { name: run.name }));
      go(run.state === "queued" ? [] : ["runs", run.name]);
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(sentence(error), 0));
    }
    setBusy(false);
  };
  const setSettings = (values: Record<string, unknown>) => change({ settings: values });
  const setLabels = (checked: boolean) => {
    const { [LABELS]: _, ...others } = settings;
    setSettings(checked ? { ...others, [LABELS]: true } : others);
  };
  return (
    <div class="screen train">
      <h1>{t(start ? "train.titleFrom" : "train.title")}</h1>
      <div class="train-columns">
        <div class="stack train-choices">
          {start && "run" in start && <StartFrom start={start} onClear={() => change({ start: null })} onModel={() => undefined} />}
          <SetChoice value={choices.set} source={choices.source} onInput={(name) => change({ set: name })} />
          <SizeChoice set={set} value={choices.size} fixed={fork && [fork.width, fork.height]} onInput={(size) => change({ size })} />
          <TimeChoice seconds={choices.seconds} images={choices.images} until={choices.until} isQueued={before > 0} onInput={change} />
          <section class="choice-block rest">
            <TextField
              label={t("train.name")} value={choices.name} onInput={(name) => change({ name })} placeholder={t("train.nameExample")} maxLength={80}
              error={problem?.field === "name" ? problem.message : null}
            />
            {labels > 1 && <Check label={t("train.labels", { n: labels })} checked={settings[LABELS] === true} onInput={setLabels} />}
            <MoreSettings
              recipes={recipes} recipe={recipe} values={settings}
              onRecipe={(name) => change({ recipe: name, settings: {} })} onValues={setSettings}
            />
            {!(start && "run" in start) && <StartFrom start={start} onClear={() => change({ start: null })} onModel={(model) => setQuery({ model: model || null })} />}
          </section>
        </div>
        <aside class="train-side">
          <ForecastPanel forecasting={forecasting} isQueued={before > 0} pictures={set?.count ?? null} />
          <div class="train-actions">
            {problem && problem.field !== "name" && <p class="warn" role="alert">{problem.message}</p>}
            {wrong.length > 0 && <p class="warn small">{t("train.wrong", { paths: wrong.join(", ") })}</p>}
            <Button kind="main" icon={isTraining ? "plus" : "play"} busy={isBusy} disabled={!isReady} onClick={() => void begin()}>
              {t(before > 0 ? "train.add" : "train.start")}
            </Button>
            {before > 0 && <p class="soft small">{t("train.waits", { n: before })}</p>}
          </div>
        </aside>
      </div>
    </div>
  );
}

function useRecipes(): readonly Recipe[] {
  const [recipes, setRecipes] = useState<readonly Recipe[]>([]);
  useEffect(() => {
    void attempt(get<Recipe[]>("api/recipes")).then((said) => said && setRecipes(said));
  }, []);
  return recipes;
}

/** The run that is begun from; once it is known, its pictures, size and recipe are the ones to begin with. */
function useFork(name: string | null, choices: Choices, change: (changes: Partial<Choices>) => void): RunDetail | null {
  const [from, setFrom] = useState<RunDetail | null>(null);
  useEffect(() => {
    if (name === null) return setFrom(null);
    const stop = new AbortController();
    get<RunDetail>(path(["api", "runs", name]), stop.signal).then(
      (said) => {
        setFrom(said);
        const asked = place.peek().query;
        change({
          size: [said.width, said.height],
          ...(asked["set"] === undefined && (said.set !== null && sets.peek().has(said.set) ? { set: said.set } : { source: said.source })),
          ...(choices.recipe === null && { recipe: said.recipe }),
          ...(said.classes.length > 0 && { settings: { ...choices.settings, [LABELS]: true } }), // it has as many or cannot begin
        });
      },
      (error) => { if (!stop.signal.aborted) tell(sentence(error), { bad: true }); },
    );
    return () => stop.abort();
  }, [name]);
  return from;
}
