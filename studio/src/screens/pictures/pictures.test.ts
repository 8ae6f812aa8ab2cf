import { expect, test } from "vitest";
import type { CropWindow, Edits, Finding, PictureSet, SetFile } from "../../api/types";
import { applied, chosen, classCounts } from "../../state/files";
import { stillThere } from "../../state/looks";
import { boxOf, inside, isMiddle, middle, moved, pixelsIn, scaled, SMALLEST_SIDE } from "./cropWindow";
import { freeName } from "./newSet";
import { inSight, layout, led } from "./rows";
import { makeSelection } from "./selection";

const SQUARE = { width: 64, height: 64 }, WIDE = { width: 96, height: 64 };
const PICTURES = [{ width: 640, height: 480 }, { width: 300, height: 900 }, { width: 64, height: 64 }];
const EDITS: Edits = { left_out: [], classes: {}, windows: {}, fit: "crop", size: null, alpha: false, drop_near: null };
const file = (name: string, label: string | null = null): SetFile => ({ file: name, class: label, width: 100, height: 80, bytes: 1, left_out: false, window: null, thumbnail: "" });
const setOf = (edits: Partial<Edits> = {}): PictureSet => ({
  name: "cats", kind: "dropped", source: "", count: 0, classes: {}, bytes: 0, changed: 0, edits: { ...EDITS, ...edits }, ready: true, problem: null,
});

test("the middle window of a wide picture is as high as it is, with as much left on either side", () => {
  expect(middle({ width: 200, height: 100 }, SQUARE)).toEqual([0.25, 0, 1]);
  expect(boxOf([0.25, 0, 1], { width: 200, height: 100 }, SQUARE)).toEqual({ left: 0.25, top: 0, width: 0.5, height: 1 });
});

test("a window has the network's shape in pixels, whatever the picture's", () => {
  for (const picture of PICTURES) for (const shape of [SQUARE, WIDE]) for (const side of [0.2, 0.7, 1]) {
    const { width, height } = boxOf([0, 0, side], picture, shape);
    expect((width * picture.width) / (height * picture.height)).toBeCloseTo(shape.width / shape.height, 9);
  }
});

test("wherever a window is moved and however it is scaled, it stays inside and no smaller than the least", () => {
  for (const picture of PICTURES) for (const shape of [SQUARE, WIDE]) for (const step of [-3, -0.3, 0.01, 0.4, 9]) for (const factor of [0.001, 0.5, 1.3, 99]) {
    const window = scaled(moved(middle(picture, shape), step, -step, picture, shape), factor, picture, shape);
    const { left, top, width, height } = boxOf(window, picture, shape);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(top).toBeGreaterThanOrEqual(0);
    expect(left + width).toBeLessThanOrEqual(1 + 1e-9);
    expect(top + height).toBeLessThanOrEqual(1 + 1e-9);
    expect(window[2]).toBeGreaterThanOrEqual(SMALLEST_SIDE);
  }
});

test("a window is scaled about its own middle where there is room", () => {
  const [picture] = PICTURES as [typeof SQUARE];
  const before: CropWindow = inside([0.3, 0.3, 0.5], picture, SQUARE);
  const was = boxOf(before, picture, SQUARE), is = boxOf(scaled(before, 0.8, picture, SQUARE), picture, SQUARE);
  expect(is.left + is.width / 2).toBeCloseTo(was.left + was.width / 2, 9);
  expect(is.top + is.height / 2).toBeCloseTo(was.top + was.height / 2, 9);
});

test("a window that is back in the middle is none of one's own", () => {
  const [picture] = PICTURES as [typeof SQUARE];
  expect(isMiddle(moved(middle(picture, SQUARE), 0.05, 0, picture, SQUARE), picture, SQUARE)).toBe(false);
  expect(isMiddle(middle(picture, SQUARE), picture, SQUARE)).toBe(true);
  expect(pixelsIn(middle(picture, SQUARE), picture, SQUARE)).toBe(480);
});

test("of five thousand pictures only those in sight are in the page", () => {
  const grid = layout(1000, 5000, 104, 6);
  const { first, last } = inSight(grid, 5000, 20_000, 20_800);
  expect(last - first).toBeLessThan(200);
  expect(first % grid.columns).toBe(0);
  expect(Math.floor(first / grid.columns) * grid.rowHeight).toBeLessThanOrEqual(20_000);
  expect(Math.ceil(last / grid.columns) * grid.rowHeight).toBeGreaterThanOrEqual(20_800);
});

test("a grid is as wide as it may be, and as high as its rows", () => {
  const { columns, tile, height } = layout(390, 10, 104, 6);
  expect([columns, columns * tile + (columns - 1) * 6 <= 390, height]).toEqual([3, true, 4 * (tile + 6) - 6]);
  expect(layout(20, 1, 104, 6).columns).toBe(1);
});

test("keys lead through a grid and never out of it", () => {
  expect(led("ArrowRight", 0, 10, 4, 2)).toBe(1);
  expect(led("ArrowDown", 1, 10, 4, 2)).toBe(5);
  expect(led("ArrowDown", 8, 10, 4, 2)).toBe(8); // there is no row below
  expect(led("ArrowUp", 2, 10, 4, 2)).toBe(2);
  expect(led("End", 0, 10, 4, 2)).toBe(9);
  expect(led("PageDown", 0, 10, 4, 2)).toBe(8);
  expect(led("x", 0, 10, 4, 2)).toBe(null);
});

test("a selection reaches from the last file that was toggled, in the order that is shown", () => {
  const selection = makeSelection(), files = ["a", "b", "c", "d", "e"];
  selection.toggle("d");
  selection.extendTo("b", files);
  expect([...selection.files.value].sort()).toEqual(["b", "c", "d"]);
  selection.toggle("c");
  expect(selection.files.value.has("c")).toBe(false);
  selection.clear();
  expect(selection.files.value.size).toBe(0);
});

test("edits are merged as the server merges them", () => {
  const edits = { ...EDITS, left_out: ["a", "b"], classes: { a: "x" }, windows: { a: [0, 0, 1] as CropWindow } };
  const now = applied(edits, { leave_out: ["b", "c"], put_back: ["a"], classes: { a: null, c: "y" }, windows: { a: null }, fit: "pad" });
  expect(now).toEqual({ ...EDITS, left_out: ["b", "c"], classes: { c: "y" }, windows: {}, fit: "pad" });
});

test("what is left out is shown apart, and counts for no class", () => {
  const files = [file("cats/1", "cats"), file("cats/2", "cats"), file("3")], set = setOf({ left_out: ["cats/2"], classes: { "3": "dogs" } });
  expect([...classCounts(files, set)]).toEqual([["cats", 1], ["dogs", 1]]);
  expect(chosen(files, set, { kind: "left out" }).map(({ file }) => file)).toEqual(["cats/2"]);
  expect(chosen(files, set, { kind: "class", name: "dogs" }).map(({ file }) => file)).toEqual(["3"]);
  expect(chosen(files, set, { kind: "used" }).length).toBe(2);
});

test("the server's name for no class is none of the page's", () => {
  expect([...classCounts([file("1", "."), file("2", null)], setOf())]).toEqual([["", 2]]);
});

test("a finding lasts as long as one of its files is used", () => {
  const finding: Finding = { kind: "near", text: "", files: ["a", "c"], pairs: [["a", "b"], ["c", "d"]], mends: [] };
  expect(stillThere(finding, setOf({ left_out: ["b"] }))).toMatchObject({ files: ["c"], pairs: [["c", "d"]] });
  expect(stillThere(finding, setOf({ left_out: ["b", "c"] }))).toBe(null);
  expect(stillThere({ ...finding, pairs: [], files: [] }, setOf({ left_out: ["b"] }))).not.toBe(null); // of no file in particular
});

test("a set is called as what was dropped, in letters that a folder may have, and as no other", () => {
  expect(freeName("Bärchen/2", new Set())).toBe("Barchen 2");
  expect(freeName("moths", new Set(["Moths", "moths 2"]))).toBe("moths 3");
  expect(freeName("日本", new Set())).toBe(null);
});
