import type { Offer, RunDetail } from "../../api/types";
import { capital, duration } from "../../format";
import { Button, ButtonLink, Card, openDialog } from "../../parts";
import { href } from "../../router";
import { may } from "../../state/orders";
import { named, t } from "../../words";
import { ExtendDialog } from "../runs/ExtendDialog";
import { KdMeter } from "../runs/KdMeter";
import { stopAsked } from "../runs/menu";
import { showScores } from "./Scored";
import "./judgement.css";

const USUAL_SECONDS = 600; // that a run is extended by
const LEAST_SECONDS = 60; // the dialog counts in minutes

/** How the run does, in words, with what to do about it as a button. */
export function Judgement({ run }: { run: RunDetail }) {
  const { verdict, problem, offer } = run;
  const title = verdict ? <span class={`verdict ${verdict.kind}`}>{t(`verdict.${verdict.kind}`)}</span> : t("judgement.none");
  const unmeasured = run.events.findLast(({ event }) => event === "unmeasured");
  if (problem) {
    return (
      <Card class="judgement" title={<span class="problem">{t("judgement.failed")}</span>}>
        <p>{problem}</p>
      </Card>
    );
  }
  return (
    <Card class="judgement" title={title}>
      {verdict ? <p>{capital(verdict.evidence)}. {verdict.advice}</p> : <p class="soft">{unmeasured ? capital(unmeasured.text) : t("judgement.wait")}</p>}
      <KdMeter {...run} />
      {offer && <OfferButton run={run} offer={offer} />}
    </Card>
  );
}

function OfferButton({ run, offer: { action, label_key, values } }: { run: RunDetail; offer: Offer }) {
  const images = typeof values["images"] === "number" ? values["images"] : run.best_images;
  const seconds = typeof values["seconds"] === "number" ? Math.max(values["seconds"] - run.seconds, LEAST_SECONDS) : USUAL_SECONDS;
  const told = { images: images ?? 0, time: duration(seconds) };
  const label = named(label_key, told, t(`offer.${action}`, told));
  const settings = values["settings"] ? JSON.stringify(values["settings"]) : null;
  switch (action) {
    case "stop":
      return may(run.state, "stop") ? <Button icon="stop" onClick={() => void stopAsked(run)}>{label}</Button> : null;
    case "extend":
      if (!may(run.state, "extend")) return null;
      return <Button icon="plus" onClick={() => openDialog(<ExtendDialog run={run} seconds={seconds} />)}>{label}</Button>;
    case "fork":
      return <ButtonLink icon="fork" href={href(["train"], { from: run.name, at: images, settings })}>{label}</ButtonLink>;
    case "publish":
      return <ButtonLink icon="upload" href={href(["runs", run.name], { tab: "publish" })}>{label}</ButtonLink>;
    case "look":
      return <Button icon="right" onClick={showScores}>{label}</Button>;
  }
}
