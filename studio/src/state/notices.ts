/** Notifications of the system: of runs that the person asked to be told about, when they are done or in trouble. */

import { effect, signal } from "@preact/signals";
import type { RunSummary } from "../api/types";
import { href } from "../router";
import { t } from "../words";
import { isActive } from "./orders";
import { allRuns } from "./store";

const KEPT = "ganvas-notices";
const TROUBLE = ["collapse", "divergence", "copying"];

/** Names of the runs to be told about. */
export const noticed = signal<readonly string[]>(JSON.parse(localStorage.getItem(KEPT) ?? "[]") as string[]);

export const canNotify = "Notification" in window;

/** Asks for the permission, so only a press may call it. Whether it is told from now on. */
export async function toggleNotice(name: string): Promise<boolean> {
  const isOn = noticed.value.includes(name);
  if (!isOn && (await Notification.requestPermission()) !== "granted") return false;
  noticed.value = isOn ? noticed.value.filter((one) => one !== name) : [...noticed.value, name];
  localStorage.setItem(KEPT, JSON.stringify(noticed.value));
  return !isOn;
}

/** What to say of a run that was as `before` and is as `after`; null: nothing. */
export function noticeOf(before: RunSummary | undefined, after: RunSummary): string | null {
  if (!before) return null;
  if (isActive(before.state) && !isActive(after.state)) return after.problem ?? t(`notice.${after.state}`, { name: after.name });
  const kind = after.verdict?.kind;
  if (kind && kind !== before.verdict?.kind && TROUBLE.includes(kind)) return `${t(`verdict.${kind}`)}. ${after.verdict?.advice ?? ""}`;
  return null;
}

export function giveNotices(): void {
  let before = new Map<string, RunSummary>();
  effect(() => {
    const now = new Map(allRuns().map((run) => [run.name, run]));
    for (const name of noticed.peek()) {
      const run = now.get(name);
      const text = run ? noticeOf(before.get(name), run) : null;
      if (run && text && canNotify && Notification.permission === "granted") show(run, text);
    }
    before = now;
  });
}

function show(run: RunSummary, body: string): void {
  const notice = new Notification(run.name, { body, tag: run.name });
  notice.onclick = () => {
    focus();
    location.hash = href(["runs", run.name]);
  };
}
