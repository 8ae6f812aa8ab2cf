import { afterEach, expect, test } from "vitest";
import { ago, bytes, capital, clock, count, duration, measure, percent, short, size } from "./format";
import { speak } from "./words";

afterEach(() => speak("en"));

test.each([
  [0, "0 s"], [59.4, "59 s"], [61, "1 min 1 s"], [120, "2 min"], [599, "9 min 59 s"], [3540, "59 min"],
  [3600, "1 h"], [3900, "1 h 5 min"], [86_400, "24 h"], [3 * 86_400, "3 days"], [-5, "0 s"],
])("%d seconds are said with two units at most: %s", (seconds, said) => {
  expect(duration(seconds)).toBe(said);
});

test("no duration says 60 of a unit", () => {
  for (let seconds = 0; seconds < 200_000; seconds += 59) expect(duration(seconds)).not.toMatch(/\b60 (s|min)/);
});

test("a measure has three digits that count, and a dash where it is none", () => {
  expect([0.023456, 1234.5, 0, null, NaN].map(measure)).toEqual(["0.0235", "1,230", "0", "–", "–"]);
});

test("sizes of files grow by thousands", () => {
  expect([0, 999, 81e9, 12_300_000].map(bytes)).toEqual(["0 kB", "0.999 kB", "81 GB", "12.3 MB"]);
});

test("how long ago is said in the largest unit that fits", () => {
  const now = 1_000_000_000;
  expect([5, 180, 7200, 86_400].map((passed) => ago(now - passed, now))).toEqual(["just now", "3 minutes ago", "2 hours ago", "yesterday"]);
  expect(ago(now + 30, now)).toBe("just now"); // a clock that is ahead
});

test("the day stands beside the time where it is another", () => {
  const noon = new Date(2026, 4, 4, 12).getTime() / 1000;
  expect(clock(noon, noon + 60)).toMatch(/^12:00/);
  expect(clock(noon + 86_400, noon)).toMatch(/Tue/);
});

test("numbers are written as the language does", async () => {
  expect([count(12_800), short(12_800), percent(0.183), size(64, 64), size(96, 64)]).toEqual(["12,800", "12.8K", "18%", "64 px", "96 × 64 px"]);
  await speak("es");
  expect([count(12_800), measure(0.5)]).toEqual(["12.800", "0,5"]);
});

test("a sentence begins with a capital", () => {
  expect(["pictures got worse", "KD rose", ""].map(capital)).toEqual(["Pictures got worse", "KD rose", ""]);
});
