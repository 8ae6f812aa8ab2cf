/** What a run's menu offers, on its card and on its own screen. */

import type { RunSummary } from "../../api/types";
import { ask, attempt, type MenuItem, openDialog } from "../../parts";
import { go, href } from "../../router";
import { destroy, first, may, pause, resume, stop, unqueue } from "../../state/orders";
import { t } from "../../words";
import { ExtendDialog } from "./ExtendDialog";
import { RenameDialog } from "./RenameDialog";

export function runMenu(run: RunSummary, { onScreen = false } = {}): MenuItem[] {
  const { name, state } = run;
  const hasModel = run.images > 0;
  const items: (MenuItem | false)[] = [
    !onScreen && { label: t("action.watch"), icon: "play", href: href(["runs", name]) },
    may(state, "first") && { label: t("action.first"), icon: "up", onSelect: () => void attempt(first(name)) },
    !onScreen && may(state, "pause") && { label: t("action.pause"), icon: "pause", onSelect: () => void attempt(pause(name)) },
    !onScreen && may(state, "resume") && { label: t("action.resume"), icon: "play", onSelect: () => void attempt(resume(name)) },
    !onScreen && may(state, "stop") && { label: t("action.stop"), icon: "stop", onSelect: () => void stopAsked(run) },
    may(state, "extend") && { label: t("action.extend"), icon: "plus", onSelect: () => openDialog(<ExtendDialog run={run} />) },
    hasModel && { label: t("action.fork"), icon: "fork", href: href(["train"], { from: name }) },
    { label: t("action.compare"), icon: "compare", href: href(["compare"], { runs: name }) },
    hasModel && { label: t("action.explore"), icon: "dice", href: href(["play", name]) },
    hasModel && { label: t("action.publish"), icon: "upload", href: href(["runs", name], { tab: "publish" }) },
    may(state, "rename") && { label: t("action.rename"), icon: "pen", onSelect: () => openDialog(<RenameDialog run={run} />) },
    may(state, "unqueue") && { label: t("action.unqueue"), icon: "close", onSelect: () => void attempt(unqueue(name)) },
    may(state, "delete") && { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => void deleteAsked(run) },
  ];
  return items.filter((item) => item !== false);
}

/** Ends a run for good, so it asks; a pause is beside it. */
export async function stopAsked({ name }: RunSummary): Promise<void> {
  if (await ask({ title: t("stop.title", { name }), text: t("stop.text"), confirm: t("action.stop") })) await attempt(stop(name));
}

async function deleteAsked({ name }: RunSummary): Promise<void> {
  const agreed = await ask({ title: t("delete.title", { name }), text: t("delete.text"), confirm: t("delete.confirm"), danger: true });
  if (!agreed) return;
  await attempt(destroy(name), t("delete.done", { name }));
  if (location.hash.startsWith(href(["runs", name]))) go([]);
}
