/** The comparison of runs as the server gives it, asked again while one of them trains. */

import { useEffect, useState } from "preact/hooks";
import { get, path, sentence } from "../../api/client";
import type { Comparison } from "../../api/types";
import { isActive } from "../../state/orders";
import { run as runNamed } from "../../state/store";
import { SEPARATOR } from "./chosen";

const AGAIN_MS = 5_000;

export interface Asked {
  comparison: Comparison | null;
  problem: string | null;
}

export function useComparison(runs: readonly string[]): Asked {
  const [asked, setAsked] = useState<Asked>({ comparison: null, problem: null });
  const names = runs.join(SEPARATOR);
  const isAnyActive = runs.some((name) => isActive(runNamed(name)?.state ?? "finished"));
  useEffect(() => {
    if (!names) return setAsked({ comparison: null, problem: null });
    const ended = new AbortController();
    const load = async () => {
      if (document.hidden) return;
      try {
        setAsked({ comparison: await get<Comparison>(path(["api", "compare"], { runs: names }), ended.signal), problem: null });
      } catch (error) {
        if (!ended.signal.aborted) setAsked((before) => ({ ...before, problem: sentence(error) }));
      }
    };
    void load();
    const timer = isAnyActive ? setInterval(() => void load(), AGAIN_MS) : undefined;
    return () => {
      ended.abort();
      clearInterval(timer);
    };
  }, [names, isAnyActive]);
  return asked;
}
