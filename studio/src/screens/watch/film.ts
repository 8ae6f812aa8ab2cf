/** The film of a run: where it stands, whether it plays. */

import type { RunDetail } from "../../api/types";
import { momentAt } from "../../state/moments";

export interface Standing {
  /** Moments that were drawn, in images, in order. */
  drawn: readonly number[];
  /** The one that is shown; null: nothing was drawn yet. */
  shown: number | null;
  /** Its index. */
  index: number;
  /** It follows the newest. */
  isLive: boolean;
}

/** at: what the address asks for; null: the newest, whichever that becomes. */
export function standing(run: Pick<RunDetail, "moments">, at: number | null): Standing {
  const drawn = run.moments.filter((moment) => moment.drawn).map((moment) => moment.images);
  const shown = at === null ? (drawn.at(-1) ?? null) : (momentAt(drawn, at) ?? null);
  return { drawn, shown, index: shown === null ? 0 : drawn.indexOf(shown), isLive: at === null };
}

/** The newest moment at or before `at` whose generator is there; the first one where all are later. */
export function keptAt(run: Pick<RunDetail, "moments">, at: number): number | null {
  const kept = run.moments.filter((moment) => moment.kept).map((moment) => moment.images);
  return momentAt(kept, at) ?? null;
}
