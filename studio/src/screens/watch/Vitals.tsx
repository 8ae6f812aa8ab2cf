import type { RunDetail } from "../../api/types";
import { bytes, clock, duration } from "../../format";
import { Button, Progress, tell } from "../../parts";
import { canNotify, noticed, toggleNotice } from "../../state/notices";
import { now } from "../../state/now";
import { isActive } from "../../state/orders";
import { t } from "../../words";
import { OnBattery } from "../runs/OnBattery";
import "./vitals.css";

const SILENT_SECONDS = 60; // a measure, or a drawing of large pictures, may take as long between two steps

/** How far it is, how quick, when it ends, and whether it moves at all. */
export function Vitals({ run }: { run: RunDetail }) {
  const { images, until_images: until, seconds_left: left, images_per_second: speed } = run;
  const share = until && run.state === "training" ? images / until : null;
  const isGoing = isActive(run.state);
  return (
    <section class="vitals" aria-label={t("vitals.label")}>
      <p class="vitals-images numbers">
        {t("images", { n: images })}{until !== null && <span class="soft"> {t("vitals.of", { n: until })}</span>}
      </p>
      {isGoing && <Progress share={share} label={t("run.progress", { name: run.name })} />}
      <dl class="small numbers">
        {isGoing && left !== null && (
          <Fact name={t("vitals.left")} value={t("vitals.ends", { time: duration(left), clock: clock(now.value + left) })} />
        )}
        {speed !== null && <Fact name={t("vitals.speed")} value={t("run.speed", { n: Math.round(speed) })} />}
        <Fact name={t("vitals.trained")} value={duration(run.seconds)} />
        {run.state === "training" && <LastStep changed={run.changed} />}
        <Fact name={t("vitals.bytes")} value={bytes(run.bytes)} />
      </dl>
      {isGoing && <OnBattery />}
      {isGoing && canNotify && <Notice name={run.name} />}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return <div><dt class="soft">{name}</dt><dd>{value}</dd></div>;
}

/** Whether it is really training: when it last said anything. */
function LastStep({ changed }: { changed: number }) {
  const silent = Math.max(0, now.value - changed);
  const isLong = silent > SILENT_SECONDS;
  return (
    <div class={isLong ? "problem" : ""}>
      <dt class={isLong ? "" : "soft"}>{t("vitals.lastStep")}</dt>
      <dd>{t("vitals.ago", { time: duration(silent) })}{isLong && ` – ${t("vitals.silent")}`}</dd>
    </div>
  );
}

function Notice({ name }: { name: string }) {
  const isOn = noticed.value.includes(name);
  const press = async () => {
    const told = await toggleNotice(name);
    if (!told && !isOn) tell(t("notice.refused"), { bad: true });
  };
  return <Button icon="bell" kind="quiet" aria-pressed={isOn} onClick={() => void press()}>{t(isOn ? "notice.on" : "notice.ask")}</Button>;
}
