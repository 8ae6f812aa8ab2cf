import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, test } from "vitest";
import { valueAt } from "./Chart";
import { ask, Dialogs } from "./Dialog";
import { Menu, placeOf } from "./Menu";
import { Picture, Thumbnail } from "./Picture";
import { shapeOf, Sheet } from "./Sheet";

let root: HTMLElement;
beforeEach(() => {
  document.body.replaceChildren((root = document.createElement("div")));
});
const press = (target: Element | null, key: string) => act(() => void target?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })));

test("a menu is walked through with arrow keys, ends at neither end, and gives the focus back", async () => {
  const chosen: string[] = [];
  const items = ["a", "b", "c"].map((label) => ({ label, onSelect: () => chosen.push(label) }));
  await act(() => render(<Menu label="More" items={items} />, root));
  const button = root.querySelector("button");
  await act(() => button?.click());
  expect(document.activeElement?.textContent).toBe("a");
  await press(document.activeElement, "ArrowUp");
  expect(document.activeElement?.textContent).toBe("c");
  await press(document.activeElement, "ArrowDown");
  expect(document.activeElement?.textContent).toBe("a");
  await press(document.activeElement, "Escape");
  expect(root.querySelector("[role=menu]")).toBeNull();
  expect(document.activeElement).toBe(button);
  await act(() => button?.click());
  await act(() => root.querySelectorAll<HTMLElement>("[role=menuitem]")[1]?.click());
  expect(chosen).toEqual(["b"]);
});

test.each([["cancel", 0, false], ["confirm", 1, true]] as const)("a question is answered by %s", async (_, index, agreed) => {
  await act(() => render(<Dialogs />, root));
  let answer: Promise<boolean> | undefined;
  await act(() => { answer = ask({ title: "Delete?", text: "For good.", confirm: "Delete" }); });
  await act(() => root.querySelectorAll<HTMLElement>(".actions button")[index]?.click());
  expect(await answer).toBe(agreed);
  expect(root.querySelector("dialog")).toBeNull();
});

test("a question is answered by no, and is gone, where the page goes elsewhere", async () => {
  await act(() => render(<Dialogs />, root));
  let answer: Promise<boolean> | undefined;
  await act(() => { answer = ask({ title: "Delete?", text: "For good.", confirm: "Delete" }); });
  await act(() => void dispatchEvent(new HashChangeEvent("hashchange")));
  expect(await answer).toBe(false);
  expect(root.querySelector("dialog")).toBeNull();
});

test("a sheet has one stop for the tab key, and arrow keys go from picture to picture", async () => {
  const picked: number[] = [];
  await act(() => render(<Sheet src="x.png" alt="sheet" columns={3} rows={2} name={(index) => `Seed ${index}`} selected={1} onPick={(index) => picked.push(index)} />, root));
  const cells = [...root.querySelectorAll<HTMLButtonElement>(".sheet-cells button")];
  expect(cells.map((cell) => cell.tabIndex)).toEqual([-1, 0, -1, -1, -1, -1]);
  cells[1]?.focus();
  await press(document.activeElement, "ArrowDown");
  expect(document.activeElement).toBe(cells[4]);
  await press(document.activeElement, "ArrowDown"); // nothing is below
  expect(document.activeElement).toBe(cells[4]);
  cells[4]?.click();
  expect(picked).toEqual([4]);
});

test("how a sheet was laid out follows from its sides", () => {
  const sides = (columns: number, rows: number, width: number, height: number) => ({ width: columns * (width + 2) + 2, height: rows * (height + 2) + 2 });
  for (const [columns, rows, width, height] of [[4, 4, 64, 64], [3, 6, 96, 48], [16, 1, 32, 32], [5, 4, 64, 64]] as const) {
    expect(shapeOf(Math.min(columns * rows, 16), sides(columns, rows, width, height), { width, height })[0]).toBe(columns === 5 || columns === 3 ? Math.round(Math.sqrt((16 * columns) / rows)) : columns);
  }
});

test("a legend says the value where the film stands, or the last there is", () => {
  const line = { x: [10, 20, 30], y: [1, null, 3] };
  expect([5, 10, 25, 99, null].map((at) => valueAt(line, at))).toEqual([null, 1, 1, 3, 3]);
});

test("a menu's list is in the window, wherever its button is", () => {
  const page = { width: 400, height: 600 };
  const box = (left: number, top: number, width: number, height: number) => ({ left, top, width, height, right: left + width, bottom: top + height });
  for (const x of [0, 180, 360]) for (const y of [0, 280, 560]) {
    const { left, top } = placeOf(box(x, y, 40, 40), box(0, 0, 200, 300), page);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(left + 200).toBeLessThanOrEqual(page.width);
    expect(top).toBeGreaterThanOrEqual(0);
    expect(top + 300).toBeLessThanOrEqual(page.height);
  }
});

test("a picture that cannot be had leaves its place empty, and the next one is shown", async () => {
  await act(() => render(<Picture src="api/one" alt="Drawn by one" />, root));
  await act(() => void root.querySelector("img")?.dispatchEvent(new Event("error")));
  expect(root.querySelector("img")).toBeNull();
  expect(root.querySelector("[role=img]")?.getAttribute("aria-label")).toBe("Drawn by one");
  await act(() => render(<Picture src="api/two" alt="Drawn by two" />, root));
  expect(root.querySelector("img")?.getAttribute("src")).toContain("api/two");
});

test("a thumbnail that cannot be had is a question mark", async () => {
  await act(() => render(<Thumbnail src="api/one" />, root));
  await act(() => void root.querySelector("img")?.dispatchEvent(new Event("error")));
  expect(root.textContent).toBe("?");
});
