import type { RunDetail } from "../api/types";

/** A tab of a run: with which settings it was made, and the same as a command. */
export function SettingsTab({ run }: { run: RunDetail }) {
  return <p>{run.command}</p>;
}
