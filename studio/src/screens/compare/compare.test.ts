import { h, render } from "preact";
import { expect, test } from "vitest";
import type { Comparison } from "../../api/types";
import { chosenIn, commonScore, measuresOf, momentOfScore, reached, scoresOf } from "./chosen";
import { clearlyBest, ScoreCards } from "./Tables";
import { dividerAfter, panned, shareOf, tidy, viewAfter, WHOLE, zoomed } from "./wipe";

const columns = (images: number[], kd: (number | null)[]) => ({ images, kernel_distance: kd });
const at = (...drawn: number[]) => drawn.map((images) => ({ images, drawn: true, kept: true }));
const FALLING = { columns: columns([100, 200, 300, 400], [0.4, 0.2, 0.3, 0.1]), moments: at(0, 128, 192, 256, 384) };
const SLOW = { columns: columns([100, 200], [0.5, 0.35]), moments: at(0, 128, 192) };

test("the address says what is compared; without a word on sides, the first two", () => {
  expect(chosenIn({ runs: "A/B/A/C" })).toMatchObject({ runs: ["A", "B", "C"], left: "A", right: "B", by: "images", at: null });
  expect(chosenIn({ runs: "A/B/C", left: "C", right: "gone", kd: "0.1", x: "seconds" })).toMatchObject({ left: "C", right: "B", by: "kd", kd: 0.1, axis: "seconds" });
  expect(chosenIn({})).toMatchObject({ runs: [], left: null, right: null });
});

test("what was reached never gets worse", () => {
  expect(reached(FALLING.columns)).toEqual([[100, 0.4], [200, 0.2], [400, 0.1]]);
});

test("the moment of a score is the drawn one nearest to when it was first reached", () => {
  expect([0.4, 0.25, 0.2, 0.1].map((kd) => momentOfScore(FALLING, kd))).toEqual([128, 192, 192, 384]);
  expect(momentOfScore(FALLING, 0.05)).toBeNull();
});

test("scores to choose from are all that were reached, worst first", () => {
  expect(scoresOf([FALLING, SLOW])).toEqual([0.5, 0.4, 0.35, 0.2, 0.1]);
  expect(commonScore([FALLING, SLOW])).toBe(0.35);
  expect(commonScore([FALLING, { columns: {} }])).toBeNull();
});

test("at the score that all reached, each has a moment", () => {
  const target = commonScore([FALLING, SLOW]) as number;
  expect([FALLING, SLOW].map((run) => momentOfScore(run, target))).not.toContain(null);
});

test("measures are those of the best moment, or the last where none is the best", () => {
  const run = { columns: { images: [100, 200], precision: [0.5, 0.7] }, best_images: 150 };
  expect(measuresOf(run, ["precision", "recall"])).toEqual([0.5, null]);
  expect(measuresOf({ ...run, best_images: null }, ["precision"])).toEqual([0.7]);
});

test("a KD is the best only where its interval lies below all others", () => {
  expect(clearlyBest([{ kd: 0.01, kd_error: 0.001 }, { kd: 0.02, kd_error: 0.001 }])).toBe(0);
  expect(clearlyBest([{ kd: 0.01, kd_error: 0.004 }, { kd: 0.02, kd_error: 0.004 }])).toBeNull();
  expect(clearlyBest([{ kd: 0.01, kd_error: 0.001 }, { kd: null, kd_error: null }])).toBeNull();
});

test("what is under the pointer stays there while it is zoomed", () => {
  const before = zoomed(WHOLE, 3, 0.2, 0.7);
  const after = zoomed(before, 1.7, 0.4, 0.5);
  const under = (view: typeof WHOLE, point: number, offset: "x" | "y") => (point - view[offset]) / view.scale;
  expect(under(after, 0.4, "x")).toBeCloseTo(under(before, 0.4, "x"), 12);
  expect(under(after, 0.5, "y")).toBeCloseTo(under(before, 0.5, "y"), 12);
});

test("however it is zoomed and moved, nothing beside the pictures is seen", () => {
  let view = WHOLE;
  for (const [factor, dx, dy] of [[4, 9, -9], [0.5, -3, 2], [100, 0.3, 0.3], [0.001, 5, 5]] as const) {
    view = panned(zoomed(view, factor), dx, dy);
    expect(view.scale).toBeGreaterThanOrEqual(1);
    for (const offset of [view.x, view.y]) {
      expect(offset).toBeLessThanOrEqual(0);
      expect(offset).toBeGreaterThanOrEqual(1 - view.scale);
    }
  }
  expect(view).toEqual(tidy(view));
});

test("keys move the divider as far as the edges", () => {
  expect(dividerAfter("ArrowRight", 0.5)).toBeCloseTo(0.52);
  expect([dividerAfter("ArrowRight", 1), dividerAfter("PageDown", 0.05), dividerAfter("Home", 0.5), dividerAfter("End", 0.5)]).toEqual([1, 0, 0, 1]);
  expect(dividerAfter("a", 0.5)).toBeNull();
});

test("keys zoom, show the whole again, and with shift move what is zoomed", () => {
  const larger = viewAfter("+", false, WHOLE);
  expect(larger?.scale).toBe(1.5);
  expect(viewAfter("0", false, larger ?? WHOLE)).toEqual(WHOLE);
  expect(viewAfter("ArrowRight", true, { scale: 2, x: 0, y: 0 })).toEqual({ scale: 2, x: -0.1, y: 0 });
  expect(viewAfter("ArrowRight", false, WHOLE)).toBeNull();
});

test("a pointer beside the box is at its edge", () => {
  const box = { left: 100, top: 50, width: 200, height: 100 };
  expect(shareOf(box, 150, 100)).toEqual([0.25, 0.5]);
  expect(shareOf(box, 0, 999)).toEqual([0, 1]);
});

test("a run that was scored shows the KD of its card, though none was measured while it trained", () => {
  const model = { kernel_distance: { value: 0.25, low: 0.2, high: 0.3 }, frechet_distance: 9, neighbourhoods: null, spread: 1, same: 0 };
  const run = { columns: {}, kd: null, kd_error: null, floor_kd: null, pca_kd: null, best_images: null, images: 64, seconds: 5, width: 32, height: 32 };
  const runs = [{ ...run, name: "scored", card: { model } }, { ...run, name: "other", card: null }] as unknown as Comparison["runs"];
  const root = document.createElement("div");
  render(h(ScoreCards, { runs }), root);
  const row = [...root.querySelectorAll("tr")].find((each) => each.textContent?.startsWith("KD, of score cards"));
  expect([...(row?.querySelectorAll("td") ?? [])].map(({ textContent }) => textContent)).toEqual(["0.25", "–"]);
});
