import { useEffect } from "preact/hooks";
import { address } from "../api/client";
import type { RunDetail } from "../api/types";
import { attempt, Button, ButtonLink, Empty, Menu, Status, Tabs } from "../parts";
import { href } from "../router";
import { useDetail } from "../state/detail";
import { isActive, may, pause, resume } from "../state/orders";
import { run as runNamed, runNames } from "../state/store";
import { t } from "../words";
import { PublishTab } from "./Publish";
import { runMenu, stopAsked } from "./runs/menu";
import { SettingsTab } from "./Settings";
import { WatchTab } from "./watch/Watch";
import "./run.css";

const TABS = ["watch", "explore", "publish", "settings"] as const;

/** A run, with its tabs. What is in the list of runs is newer than what was asked for, so that counts. */
export function RunScreen({ name, tab }: { name: string; tab: string }) {
  const { run: asked, problem, isMissing } = useDetail(name).value;
  useEffect(() => { document.title = `${name} – ${t("app.name")}`; }, [name]);
  const listed = runNamed(name);
  const isGone = isMissing || (asked !== null && runNames.value.length > 0 && listed === undefined);
  if (isGone) {
    return (
      <Empty whole title={t("run.gone", { name })} text={t("run.goneText")}>
        <ButtonLink href={href([])}>{t("nav.runs")}</ButtonLink>
      </Empty>
    );
  }
  if (!asked) return <div class="screen"><h1>{name}</h1><p class="soft">{problem ?? t("loading")}</p></div>;
  const run = { ...asked, ...listed };
  return (
    <div class="screen">
      <Head run={run} />
      <Tabs
        label={t("run.tabs", { name })} selected={tab}
        tabs={TABS.map((id) => ({ id, label: t(`tab.${id}`), href: id === "explore" ? href(["play", name]) : tabHref(name, id) }))}
      />
      {tab === "publish" ? <PublishTab run={run} /> : tab === "settings" ? <SettingsTab run={run} /> : <WatchTab run={run} />}
    </div>
  );
}

const tabHref = (name: string, tab: string) => href(["runs", name], { tab: tab === "watch" ? null : tab });

function Head({ run }: { run: RunDetail }) {
  const { name, state } = run;
  return (
    <div class="run-title">
      <div class="row">
        <h1>{name}</h1>
        <Status state={state} />
      </div>
      <div class="row">
        {isActive(state) && (
          <Button icon="pause" busy={!may(state, "pause")} onClick={() => void attempt(pause(name))}>{t("action.pause")}</Button>
        )}
        {may(state, "resume") && (
          <Button kind="main" icon="play" onClick={() => void attempt(resume(name))}>{t("action.resume")}</Button>
        )}
        {may(state, "stop") && <Button icon="stop" onClick={() => void stopAsked(run)}>{t("action.stop")}</Button>}
        {run.images > 0 && !isActive(state) && <ButtonLink href={address(run.report)} target="_blank">{t("run.report")}</ButtonLink>}
        <Menu label={t("action.more", { name })} items={runMenu(run, { onScreen: true })} />
      </div>
    </div>
  );
}
