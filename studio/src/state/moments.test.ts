import { expect, test } from "vitest";
import { allMoments, momentAt, sheetOf, sheetShape } from "./moments";

test("the picture at so many images is the last one drawn by then", () => {
  const moments = [0, 64, 96, 128];
  for (let at = 0; at < 140; at += 1) expect(momentAt(moments, at)).toBe(moments.filter((moment) => moment <= at).at(-1));
});

test("before the first moment there is the first, and of none there is none", () => {
  expect(momentAt([64, 96], 10)).toBe(64);
  expect(momentAt([], 10)).toBeUndefined();
});

test("one slider stops at each moment of all runs once, in order", () => {
  expect(allMoments([{ drawn: [0, 64, 128] }, { drawn: [0, 96] }, {}])).toEqual([0, 64, 96, 128]);
});

test("a sheet's address holds any name", () => {
  expect(sheetOf("a b/c", 64)).toBe("api/runs/a%20b%2Fc/moments/64.png");
});

test.each([[64, 64, 7, 7], [32, 32, 8, 8], [256, 256, 3, 3], [96, 64, 5, 7]])("pictures of %d × %d lie in %d columns and %d rows", (width, height, columns, rows) => {
  expect(sheetShape(width, height, {})).toEqual([columns, rows]);
});

test("a run that asked for larger sheets has more pictures in them", () => {
  expect(sheetShape(128, 128, { "recording.drawn_px": 960 })).toEqual([7, 7]);
});
