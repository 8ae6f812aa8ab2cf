import type { RunDetail } from "../api/types";

/** A tab of a run: where to publish it. */
export function PublishTab({ run }: { run: RunDetail }) {
  return <p>{run.name}</p>;
}
