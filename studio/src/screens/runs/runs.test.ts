import { expect, test } from "vitest";
import { setSnapshot } from "../../state/store";
import { madeRun } from "../../state/test-data";
import { moreOf } from "./ExtendDialog";
import { wayCome } from "./KdMeter";
import { runMenu } from "./menu";
import { activeRuns, restingRuns } from "./shown";

test("the way from the PCA baseline to real pictures counts each halving alike", () => {
  expect(wayCome(0.16, 0.01, 0.16)).toBe(0);
  expect(wayCome(0.04, 0.01, 0.16)).toBeCloseTo(0.5, 12);
  expect(wayCome(0.01, 0.01, 0.16)).toBe(1);
  expect(wayCome(0.016, null, 0.16)).toBeCloseTo(0.5, 12); // a hundredth of the baseline, where no real ones were measured
});

test("the way is never outside of its ends, whatever was measured", () => {
  for (const kd of [-0.01, 0, 1e-9, 0.3, 5]) for (const floor of [-0.001, 0, 0.01]) {
    const way = wayCome(kd, floor, 0.16);
    expect(way).toBeGreaterThanOrEqual(0);
    expect(way).toBeLessThanOrEqual(1);
  }
  expect(wayCome(0.1, 0.2, 0.1)).toBe(0); // no baseline above the floor
});

test("training longer is told as limits of the whole run", () => {
  const run = { images: 640, seconds: 60 };
  expect([moreOf(run, 2, "minutes"), moreOf(run, 1, "hours"), moreOf(run, 1000, "images")]).toEqual([{ seconds: 180 }, { seconds: 3660 }, { images: 1640 }]);
});

test("a list of names is the same one until a name in it changes", () => {
  setSnapshot({ runs: [madeRun({ name: "a" }), madeRun({ name: "b", state: "finished" })], queue: [], jobs: [] });
  const before = activeRuns.value;
  setSnapshot({ runs: [madeRun({ name: "a", images: 9999 }), madeRun({ name: "b", state: "finished" })], queue: [], jobs: [] });
  expect(activeRuns.value).toBe(before);
  setSnapshot({ runs: [madeRun({ name: "a", state: "paused" }), madeRun({ name: "b", state: "finished" })], queue: [], jobs: [] });
  expect([activeRuns.value, [...restingRuns.value].sort()]).toEqual([[], ["a", "b"]]);
});

test("a menu offers no delete while a run trains, and nothing of a model before there is one", () => {
  const labels = (changes: Parameters<typeof madeRun>[0]) => runMenu(madeRun(changes)).map(({ label }) => label);
  expect(labels({})).not.toContain("Delete…");
  expect(labels({ state: "finished" })).toContain("Delete…");
  expect(labels({ state: "queued", images: 0 })).not.toContain("Publish");
});
