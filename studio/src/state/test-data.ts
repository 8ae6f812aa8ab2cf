import type { RunSummary } from "../api/types";

/** A run as the server would tell of it, for tests. */
export function madeRun(changes: Partial<RunSummary> = {}): RunSummary {
  return {
    name: "faces", state: "training", source: "faces", set: null, recipe: "swift", width: 64, height: 64, channels: 3, classes: [],
    images: 640, until_images: 6400, seconds: 10, seconds_left: 90, images_per_second: 64, verdict: null, offer: null,
    kd: null, kd_error: null, floor_kd: null, pca_kd: null, best_images: null, preview: null, drawn: [], begun: 0, changed: 0,
    by: "studio", problem: null, made: [], start: null, ...changes,
  };
}
