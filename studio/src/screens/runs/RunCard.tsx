import type { RunSummary, Verdict } from "../../api/types";
import { ago, count, duration, percent, size } from "../../format";
import { attempt, IconButton, Menu, Picture, Progress, Status } from "../../parts";
import { href } from "../../router";
import { momentAt, sheetOf } from "../../state/moments";
import { isActive, may, pause, resume } from "../../state/orders";
import { run as runNamed } from "../../state/store";
import { t } from "../../words";
import { KdMeter } from "./KdMeter";
import { runMenu } from "./menu";
import { picked, shownAt, togglePicked } from "./shown";
import "./run-card.css";

/** A run in the list. It reads its own run alone, so that others may change without drawing it again. */
export function RunCard({ name }: { name: string }) {
  const run = runNamed(name);
  if (!run) return null;
  const isGoing = isActive(run.state);
  return (
    <li class="run-card">
      <div class="run-picture">
        <a href={href(["runs", name], { at: shownAt.value })} tabIndex={-1} aria-hidden="true"><CardPicture name={name} /></a>
        <label class={picked.value.length > 0 ? "run-pick picking" : "run-pick"} title={t("action.compare")}>
          <input
            type="checkbox" aria-label={t("runs.pick", { name })} checked={picked.value.includes(name)}
            onInput={() => togglePicked(name)}
          />
        </label>
      </div>
      <div class="run-body">
        <div class="run-head">
          <h2><a href={href(["runs", name])}>{name}</a></h2>
          <Press run={run} />
          <Menu label={t("action.more", { name })} items={runMenu(run)} />
        </div>
        <Facts run={run} />
        {isGoing && <Going run={run} />}
        {run.problem && <p class="problem small">{run.problem}</p>}
        {run.verdict && !run.problem && <Said verdict={run.verdict} inFull={isGoing} />}
        <KdMeter {...run} />
      </div>
    </li>
  );
}

/** The run's sheet at the moment of the one slider, or its newest. */
function CardPicture({ name }: { name: string }) {
  const run = runNamed(name);
  if (!run) return null;
  const at = shownAt.value;
  const moment = at === null ? undefined : momentAt(run.drawn ?? [], at);
  const src = moment === undefined ? run.preview : sheetOf(name, moment);
  return (
    <>
      <Picture src={src} alt="" lazy />
      {moment !== undefined && <span class="run-moment numbers small">{count(moment)}</span>}
    </>
  );
}

/** Pause or resume, whichever may be asked. */
function Press({ run: { name, state } }: { run: RunSummary }) {
  if (may(state, "resume")) {
    return <IconButton icon="play" label={t("run.resumeNamed", { name })} onClick={() => void attempt(resume(name))} />;
  }
  if (!isActive(state)) return null;
  const label = t("run.pauseNamed", { name });
  return <IconButton icon="pause" label={label} disabled={!may(state, "pause")} onClick={() => void attempt(pause(name))} />;
}

function Facts({ run }: { run: RunSummary }) {
  return (
    <p class="soft small run-facts">
      <Status state={run.state} />
      <span>{size(run.width, run.height)}</span>
      {!isActive(run.state) && <span class="numbers">{t("images", { n: run.images })}</span>}
      {!isActive(run.state) && <span>{ago(run.changed)}</span>}
      {run.by === "terminal" && <span>{t("run.byTerminal")}</span>}
      {run.start && <span>{t("run.startedFrom", { name: run.start.run, images: run.start.images })}</span>}
    </p>
  );
}

/** Of a run that trains: how far it is. */
function Going({ run }: { run: RunSummary }) {
  const share = run.until_images ? run.images / run.until_images : null;
  const parts = [
    share !== null && percent(share),
    run.seconds_left !== null && t("run.left", { time: duration(run.seconds_left) }),
    run.images_per_second !== null && t("run.speed", { n: Math.round(run.images_per_second) }),
  ];
  return (
    <>
      <Progress share={run.state === "training" ? share : null} label={t("run.progress", { name: run.name })} />
      <p class="small numbers">
        {t("images", { n: run.images })}<span class="soft">{parts.filter(Boolean).map((part) => ` · ${part}`).join("")}</span>
      </p>
    </>
  );
}

function Said({ verdict, inFull }: { verdict: Verdict; inFull: boolean }) {
  return (
    <p class="small">
      <span class={`verdict ${verdict.kind}`}>{t(`verdict.${verdict.kind}`)}</span>
      {inFull && <span class="soft"> · {verdict.evidence}</span>}
    </p>
  );
}
