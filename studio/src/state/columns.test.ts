import { expect, test } from "vitest";
import { rowsWith, withEvent, withLine, withMoment } from "./columns";

const COLUMNS = { images: [32, 64, 96], loss: [1, 2, 3], kd: [null, 0.5, null] };

test("a line more is at the end of all columns; what it lacks is null", () => {
  expect(withLine(COLUMNS, { images: 128, loss: 4 })).toEqual({ images: [32, 64, 96, 128], loss: [1, 2, 3, 4], kd: [null, 0.5, null, null] });
});

test("a column that is new has nothing before", () => {
  expect(withLine({ images: [32] }, { images: 64, recall: 0.3 })).toEqual({ images: [32, 64], recall: [null, 0.3] });
});

test("where a run went back in time, what it overwrites is left out", () => {
  expect(withLine(COLUMNS, { images: 64, loss: 9 })).toEqual({ images: [32, 64], loss: [1, 9], kd: [null, null] });
});

test("hearing a whole log again changes nothing", () => {
  const lines = COLUMNS.images.map((images, row) => ({ images, loss: COLUMNS.loss[row] as number }));
  const once = lines.reduce(withLine, {});
  expect(lines.reduce(withLine, once)).toEqual(once);
});

test("the first line of a run makes the columns", () => {
  expect(withLine({}, { images: 32, loss: 1 })).toEqual({ images: [32], loss: [1] });
});

test("moments stay in order, each once, as it was last told", () => {
  const before = [{ images: 0, drawn: true, kept: true }, { images: 64, drawn: true, kept: true }];
  expect(withMoment(before, { images: 64, drawn: true, kept: false })).toEqual([before[0], { images: 64, drawn: true, kept: false }]);
  expect(withMoment(before, { images: 64, drawn: false, kept: false })).toEqual([before[0]]);
  expect(withMoment(before, { images: 32, drawn: true, kept: true }).map(({ images }) => images)).toEqual([0, 32, 64]);
});

test("an event that was heard before is not told twice", () => {
  const event = { images: 64, seconds: 1, event: "resumed", text: "resumed at 64 images" };
  expect(withEvent([event], { ...event })).toHaveLength(1);
  expect(withEvent([event], { ...event, images: 96 })).toHaveLength(2);
});

test("rows of what was measured leave out the moments between", () => {
  expect(rowsWith(COLUMNS, ["kd", "loss"])).toEqual([[64], [0.5], [2]]);
  expect(rowsWith(COLUMNS, ["recall"])).toEqual([[], []]);
});
