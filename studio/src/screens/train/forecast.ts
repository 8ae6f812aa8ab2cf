/** What the server expects of a training, kept as the choices are, and what of it is worth a warning. */

import { useEffect, useState } from "preact/hooks";
import { get, path, sentence } from "../../api/client";
import type { Forecast, Home } from "../../api/types";
import { type Choices, isSize, sizeText } from "./choices";

const REST_MS = 200; // that choices rest before it is asked for
const SPARE_BYTES = 500_000_000; // of the disk, that should be left
const LOW_BATTERY = 0.3;
const FEWEST_MEASURED = 100; // pictures of the sets that forecasts are of (python -m bench.few)

export interface Forecasting {
  forecast: Forecast | null;
  problem: string | null;
  /** Whether it is of choices that were changed since. */
  isOld: boolean;
}

export function useForecast({ set, size, seconds, images, recipe }: Choices): Forecasting {
  const where = set === null || !isSize(size) ? null : path(["api", "forecast"], { set, size: sizeText(size), seconds, images, recipe });
  const [said, setSaid] = useState<{ where: string | null; forecast: Forecast | null; problem: string | null }>({ where: null, forecast: null, problem: null });
  useEffect(() => {
    if (where === null) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      get<Forecast>(where, stop.signal).then(
        (forecast) => setSaid({ where, forecast, problem: null }),
        (error) => { if (!stop.signal.aborted) setSaid({ where, forecast: null, problem: sentence(error) }); },
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [where]);
  return { forecast: where === null ? null : said.forecast, problem: said.problem, isOld: said.where !== where };
}

export type Warning = "few" | "disk" | "diskFull" | "battery" | "batteryLow";

/** What a person should know before it starts. pictures: of the set, if that is known. */
export function warnings(forecast: Forecast | null, home: Home | null, pictures: number | null = null): Warning[] {
  const found: Warning[] = [];
  if (pictures !== null && pictures < FEWEST_MEASURED) found.push("few");
  if (home?.battery?.on_battery) found.push(home.battery.share < LOW_BATTERY ? "batteryLow" : "battery");
  if (!forecast || !home) return found;
  const left = home.free_bytes - forecast.disk_bytes;
  if (left < 0) found.push("diskFull");
  else if (left < SPARE_BYTES) found.push("disk");
  return found;
}
