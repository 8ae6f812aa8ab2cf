/** What Runs shows while there is no run: one large place to drop pictures on, and a way to see what it does at once. */

import { useState } from "preact/hooks";
import { post } from "../api/client";
import type { RunSummary } from "../api/types";
import { attempt, Button } from "../parts";
import { go, href } from "../router";
import { setRun, sets } from "../state/store";
import { t } from "../words";
import { AddPictures } from "./pictures/AddPictures";
import { dropIntoNewSet } from "./pictures/newSet";
import { OtherSources } from "./pictures/OtherSources";
import "./first-visit.css";

const EXAMPLE = "avatars"; // drawn by Ganvas itself: nothing is fetched
const EXAMPLE_SIZE = 32; // px, at which a face is there within ten seconds on two cores
const EXAMPLE_SECONDS = 120;

export function FirstVisit() {
  const [isBusy, setBusy] = useState(false);
  const tryIt = async () => {
    setBusy(true);
    const asked = {
      set: null, source: EXAMPLE, name: t("first.exampleName"), size: EXAMPLE_SIZE, seconds: EXAMPLE_SECONDS, images: null,
      until: "limit", recipe: null, settings: {}, start: null,
    };
    const run = await attempt(post<RunSummary>("api/runs", asked));
    setBusy(false);
    if (!run) return;
    setRun(run);
    go(["runs", run.name]);
  };
  return (
    <div class="first-visit">
      <header>
        <h1>{t("first.title")}</h1>
        <p class="soft">{t("first.text")}</p>
      </header>
      <AddPictures large title={t("add.title")} onGathered={(gathered) => void dropIntoNewSet(gathered)}><OtherSources /></AddPictures>
      <p class="soft small untouched">{t("add.untouched")}</p>
      <div class="try">
        <p>{t("first.orTry")}</p>
        <Button icon="play" busy={isBusy} onClick={() => void tryIt()}>{t("first.try")}</Button>
        {sets.value.size > 0 && <a href={href(["sets"])}>{t("first.sets", { n: sets.value.size })}</a>}
      </div>
    </div>
  );
}
