import { expect, test } from "vitest";
import type { RunState } from "../api/types";
import { may, moved } from "./orders";

test("an entry that is moved takes its new place, and the others keep their order", () => {
  const list = ["a", "b", "c", "d"];
  for (let from = 0; from < 4; from += 1) {
    for (let to = 0; to < 4; to += 1) {
      const next = moved(list, from, to);
      expect(next[to]).toBe(list[from]);
      expect(next.filter((entry) => entry !== list[from])).toEqual(list.filter((entry) => entry !== list[from]));
    }
  }
});

test("a place beyond the ends is the end", () => {
  expect(moved(["a", "b"], 0, 9)).toEqual(["b", "a"]);
  expect(moved(["a", "b"], 1, -3)).toEqual(["b", "a"]);
});

test("nothing that writes into a run's folder may be deleted or renamed", () => {
  const writing: RunState[] = ["starting", "training", "pausing"];
  for (const state of writing) expect([may(state, "delete"), may(state, "rename")]).toEqual([false, false]);
});

test("what is paused may go on, what trains may be paused, and what pauses is left alone", () => {
  expect([may("paused", "resume"), may("failed", "resume"), may("training", "pause"), may("starting", "pause")]).toEqual([true, true, true, true]);
  expect([may("pausing", "pause"), may("finished", "pause"), may("training", "resume")]).toEqual([false, false, false]);
});
