import { beforeEach, expect, test } from "vitest";
import { curves } from "./curves";
import { AT_ONCE, drawNew, drawnAt, drawsOf, seedsIn } from "./draws";
import { keptAt, standing } from "./film";
import { smoothed } from "./smooth";

const MOMENTS = [
  { images: 0, drawn: true, kept: true }, { images: 64, drawn: true, kept: false },
  { images: 96, drawn: false, kept: true }, { images: 128, drawn: true, kept: true },
];

test("without a moment in the address, the film follows the newest", () => {
  expect(standing({ moments: MOMENTS }, null)).toEqual({ drawn: [0, 64, 128], shown: 128, index: 2, isLive: true });
});

test("a moment in the address shows what was drawn by then, and stays when more is drawn", () => {
  expect(standing({ moments: MOMENTS }, 100)).toMatchObject({ shown: 64, index: 1, isLive: false });
  expect(standing({ moments: [...MOMENTS, { images: 160, drawn: true, kept: true }] }, 100)).toMatchObject({ shown: 64, index: 1 });
});

test("a run that drew nothing has an empty film", () => {
  expect(standing({ moments: [] }, null)).toMatchObject({ shown: null, index: 0 });
  expect(keptAt({ moments: [] }, 5)).toBeNull();
});

test("drawing uses the last generator that was kept by then", () => {
  expect([0, 64, 100, 500].map((at) => keptAt({ moments: MOMENTS }, at))).toEqual([0, 0, 96, 128]);
});

test("a smoothed constant is that constant from its first value on", () => {
  for (const weight of [0, 0.5, 0.9, 0.99]) for (const value of smoothed([3, 3, 3], weight)) expect(value).toBeCloseTo(3, 12);
});

test("without weight a curve is as it was, gaps included", () => {
  expect(smoothed([1, null, 5, 2], 0)).toEqual([1, null, 5, 2]);
});

test("smoothing is a mean whose weights fall by the same factor each step back", () => {
  const [, , last] = smoothed([1, 2, 4], 0.5);
  expect(last).toBeCloseTo((1 * 0.25 + 2 * 0.5 + 4) / 1.75, 12);
});

test("a curve that is smoothed has its raw values faint behind it, and one that is not stands alone", () => {
  const columns = { images: [32, 64], generator_loss: [1, 2] };
  expect(curves(columns, 0.9, null)[0]?.lines.map(({ look }) => look)).toEqual(["faint", undefined]);
  expect(curves(columns, 0, null)[0]?.lines).toHaveLength(1);
});

test("KD has its band of two errors, beside the floor and the PCA baseline; what is below 0 can still be drawn", () => {
  const columns = { images: [32, 64, 96], kernel_distance: [0.1, null, -0.001], kernel_distance_error: [0.01, null, 0.001], pca_distance: [0.2, null, 0.2] };
  const [kd, pca, floor] = curves(columns, 0.9, 0.002)[0]?.lines ?? [];
  expect(kd?.x).toEqual([32, 96]);
  expect(kd?.band?.[0]?.[0]).toBeCloseTo(0.08);
  expect(kd?.band?.[1]?.[0]).toBeCloseTo(0.12);
  expect(Math.min(...(kd?.y as number[]), ...(kd?.band?.[0] as number[]))).toBeGreaterThan(0);
  expect([pca?.y, floor?.y]).toEqual([[0.2, 0.2], [0.002, 0.002]]);
});

test("what was never measured has no curve", () => {
  expect(curves({ images: [32], images_per_second: [9] }, 0, null).map(({ id }) => id)).toEqual(["speed"]);
  expect(curves({}, 0.9, null)).toEqual([]);
});

beforeEach(() => localStorage.clear());

test("what was drawn is kept, latest first, and no more than a dozen", () => {
  for (let n = 0; n < 15; n += 1) drawNew("faces", 64 * n, null, n / 15);
  const draws = drawsOf("faces").value;
  expect(draws).toHaveLength(12);
  expect(draws[0]?.at).toBe(64 * 14);
  expect(JSON.parse(localStorage.getItem("ganvas-draws/faces") ?? "")).toEqual(draws);
});

test("draws do not overlap, so that a seed is in one of them", () => {
  for (const random of [0, 0.3333, 0.99999]) {
    drawNew("cats", 64, null, random);
    expect((drawsOf("cats").value[0]?.first ?? 1) % AT_ONCE).toBe(0);
  }
});

test("one seed asks for one picture, several for a sheet", () => {
  expect(drawnAt("a b", 7, 64)).toBe("api/runs/a%20b/draw?seeds=7&at=64");
  expect(drawnAt("x", [16, 16], 64)).toBe("api/runs/x/draw?seeds=16-31&at=64");
  expect(drawnAt("x", 1, 64, "cat")).toBe("api/runs/x/draw?seeds=1&at=64&label=cat");
});

test("seeds are typed as numbers and ranges; what is neither, or too many for a film, is refused", () => {
  expect(seedsIn("0-3, 17 5")).toEqual([0, 1, 2, 3, 17, 5]);
  for (const text of ["", " , ", "a", "5-2", "-1", "1.5", "0-64", "0-63, 70"]) expect(seedsIn(text), text).toBeNull();
  expect(seedsIn("0-63")).toHaveLength(64);
});
