import type { RunState } from "../api/types";
import { t } from "../words";
import "./status.css";

/** The state of a run: a dot and a word. */
export function Status({ state }: { state: RunState }) {
  return <span class={`status ${state}`}>{t(`state.${state}`)}</span>;
}
