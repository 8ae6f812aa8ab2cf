import { h, render } from "preact";
import { expect, test } from "vitest";
import type { Forecast, Home, PictureSet, SettingInfo } from "../../api/types";
import { parsePlace, href } from "../../router";
import { bySection, fault, isSame, matching, shown } from "../settings/check";
import { choicesOf, faults, isSize, nearestSide, queryOf, requestFor, sidesOf } from "./choices";
import { warnings } from "./forecast";
import { ForecastPanel } from "./ForecastPanel";

const set = (name: string, changed: number, size: [number, number] | null = null): PictureSet => ({
  name, kind: "dropped", source: "", count: 9, classes: {}, bytes: 0, changed, ready: true, problem: null,
  edits: { left_out: [], classes: {}, windows: {}, fit: "crop", size, alpha: false, drop_near: null },
});
const SETS = new Map([["old", set("old", 1)], ["new", set("new", 2, [96, 64])]]);
const setting = (changes: Partial<SettingInfo> = {}): SettingInfo => ({
  path: "optimizer.beta1", kind: "number", default: 0.5, description: "memory of the gradients' mean", minimum: 0, maximum: 1, step: null, choices: null, unit: null, optional: false, ...changes,
});

test("a page that says nothing offers the latest set at its own size for a quarter of an hour", () => {
  expect(choicesOf({}, SETS)).toMatchObject({ set: "new", size: [96, 64], seconds: 900, images: null, until: "limit", start: null });
  expect(choicesOf({}, new Map())).toMatchObject({ set: null, size: [64, 64] });
});

test("what is chosen comes back out of the address", () => {
  const chosen = { set: "old", size: [128, 128] as [number, number], seconds: null, images: 5000, until: "plateau" as const, recipe: "dcgan", name: "try", settings: { "optimizer.beta1": 0.9 } };
  const { query } = parsePlace(href(["train"], queryOf(chosen)));
  expect(choicesOf(query, SETS)).toMatchObject(chosen);
});

test("an address may ask to begin at a moment of a run, or with a model", () => {
  expect(choicesOf({ from: "faces", at: "12800" }, SETS).start).toEqual({ run: "faces", images: 12800 });
  expect(choicesOf({ from: "faces" }, SETS).start).toEqual({ run: "faces", images: null });
  expect(choicesOf({ model: "~/m" }, SETS).start).toEqual({ model: "~/m" });
});

test("nonsense in the address is as if it was not there", () => {
  expect(choicesOf({ seconds: "-5", size: "big", settings: "{", images: "x" }, SETS)).toMatchObject({ seconds: 900, images: null, settings: {} });
});

test("pictures that are no set are asked for by their source", () => {
  const choices = choicesOf({ source: "/data/faces" }, SETS);
  expect(requestFor(choices)).toMatchObject({ set: null, source: "/data/faces" });
  expect(requestFor(choicesOf({ source: "/data/faces", set: "old" }, SETS))).toMatchObject({ set: "old", source: null });
});

test("a request names one side where both are the same, and no name where none was given", () => {
  expect(requestFor(choicesOf({ set: "old", size: "64", name: " " }, SETS))).toMatchObject({ size: 64, name: null, source: null });
  expect(requestFor(choicesOf({ set: "old", size: "96x64" }, SETS))).toMatchObject({ size: [96, 64] });
});

test.each([["64", [64, 64]], ["96x64", [96, 64]], ["96 × 64", [96, 64]], ["", null], ["64px", null]])("%s are the sides %j", (text, sides) => {
  expect(sidesOf(text)).toEqual(sides);
});

test("the nearest size is always one that there is", () => {
  for (const px of [-3, 0, 17, 63.4, 1000, 1e6]) expect(isSize([nearestSide(px)])).toBe(true);
  expect([isSize([66]), isSize([12]), isSize([2048]), isSize([64, 66])]).toEqual([false, false, false, false]);
});

test("the page warns of a full disk before one that fills up, and of a low battery before one in use", () => {
  const forecast = { disk_bytes: 2e9 } as Forecast, home = (changes: Partial<Home>) => ({ free_bytes: 1e12, battery: null, ...changes }) as Home;
  expect(warnings(forecast, home({}))).toEqual([]);
  expect(warnings(forecast, home({ free_bytes: 1e9 }))).toEqual(["diskFull"]);
  expect(warnings(forecast, home({ free_bytes: 2.1e9 }))).toEqual(["disk"]);
  expect(warnings(null, home({ battery: { on_battery: true, share: 0.1 } }))).toEqual(["batteryLow"]);
  expect(warnings(null, home({ battery: { on_battery: true, share: 0.8 } }))).toEqual(["battery"]);
  expect(warnings(null, home({ battery: { on_battery: false, share: 0.1 } }))).toEqual([]);
  expect(warnings(null, null)).toEqual([]);
  expect([0, 99, 100, 5000].map((pictures) => warnings(null, null, pictures))).toEqual([["few"], ["few"], [], []]);
});

test("a number outside of its limits is refused in the field, in a sentence", () => {
  expect(fault(setting(), 0.9)).toBe(null);
  expect(fault(setting(), 1.5)).toBe("At most 1.");
  expect(fault(setting(), -1)).toBe("At least 0.");
  expect(fault(setting({ kind: "whole" }), 0.5)).toBe("Give a whole number.");
  expect(fault(setting(), null)).toBe("Give a value.");
  expect(fault(setting({ optional: true }), null)).toBe(null);
  expect(fault(setting({ choices: ["planned"] }), "planned")).toBe(null);
  expect(fault(setting({ choices: ["planned"] }), "plan")).toBe("Give a number.");
  expect(fault(setting({ kind: "text", default: "" }), "")).toBe(null);
});

test("only settings that were changed can be wrong", () => {
  expect(faults([setting({ default: 7 })], {})).toEqual([]);
  expect(faults([setting()], { "optimizer.beta1": 7 })).toEqual(["optimizer.beta1"]);
});

test("settings are found by words of their name or description, in any order", () => {
  const all = [setting(), setting({ path: "training.batch", description: "pictures an update" })];
  expect(matching(all, "mean memory").map(({ path }) => path)).toEqual(["optimizer.beta1"]);
  expect(matching(all, "").length).toBe(2);
  expect([...bySection(all).keys()]).toEqual(["optimizer", "training"]);
});

test("values are shown as people write them, and lists are the same where their parts are", () => {
  expect([shown(true), shown(null), shown([]), shown(["a", "b"]), shown(0.001), shown(1e-8)]).toEqual(["yes", "–", "–", "a, b", "0.001", "1e-8"]);
  expect([isSame([1], [1]), isSame(null, undefined), isSame(1, "1")]).toEqual([true, true, false]);
});

test("when a training ends is said only where no other run goes first, and how long it takes elsewhere", () => {
  const forecast: Forecast = {
    seconds: 900, size: [64, 64], images: 9000, at: 1_000_000, disk_bytes: 1, memory_bytes: 1, kd_share: null, words_key: "forecast.good",
    examples: [], images_per_second: 10, measured_here: true,
  };
  const facts = (isQueued: boolean) => {
    const root = document.createElement("div");
    render(h(ForecastPanel, { forecasting: { forecast, problem: null, isOld: false }, isQueued, pictures: null }), root);
    return [...root.querySelectorAll("dt")].map(({ textContent }) => textContent);
  };
  expect(facts(false)[0]).toBe("Ends");
  expect(facts(true)).not.toContain("Ends");
  expect(facts(true)[0]).toBe("Takes");
});
