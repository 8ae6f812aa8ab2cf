import { effect } from "@preact/signals";
import { beforeEach, expect, test } from "vitest";
import type { Job } from "../api/types";
import { jobDone } from "./jobs";
import { allRuns, forgetRun, queue, run, runNames, setJob, setRun, setSnapshot } from "./store";
import { madeRun } from "./test-data";

beforeEach(() => setSnapshot({ runs: [], queue: [], jobs: [] }));

test("a snapshot is all that there is: what it does not name is gone", () => {
  setRun(madeRun({ name: "old" }));
  setSnapshot({ runs: [madeRun({ name: "a", begun: 1 }), madeRun({ name: "b", begun: 2 })], queue: ["b"], jobs: [] });
  expect(runNames.value).toEqual(["b", "a"]); // latest begun first
  expect(queue.value).toEqual(["b"]);
  expect(run("old")).toBeUndefined();
});

test("a run that changes is told to who shows it, and to nobody else", () => {
  setSnapshot({ runs: [madeRun({ name: "a" }), madeRun({ name: "b" })], queue: [], jobs: [] });
  const shown = { a: 0, b: 0 };
  const ends = [effect(() => { shown.a += run("a") ? 1 : 0; }), effect(() => { shown.b += run("b") ? 1 : 0; })];
  setRun(madeRun({ name: "a", images: 1280 }));
  expect(shown).toEqual({ a: 2, b: 1 });
  ends.forEach((end) => end());
});

test("a run that comes or goes is in the list or not", () => {
  setRun(madeRun({ name: "a" }));
  expect(allRuns().map(({ name }) => name)).toEqual(["a"]);
  forgetRun("a");
  forgetRun("a");
  expect(allRuns()).toEqual([]);
});

const job = (changes: Partial<Job>): Job => ({ id: "1", kind: "explore", subject: "a", state: "working", done: 0, total: null, text: "", result: null, problem: null, ...changes });

test("a job's end is its result", async () => {
  const end = jobDone(job({}));
  setJob(job({ done: 1 }));
  setJob(job({ state: "done", result: { url: "x" } }));
  expect(await end).toEqual({ url: "x" });
});

test("a job that failed or was cancelled ends with its sentence", async () => {
  for (const [id, state, problem, said] of [["2", "failed", "The disk is full.", "The disk is full."], ["3", "cancelled", null, "The work was cancelled."]] as const) {
    const end = jobDone(job({ id }));
    setJob(job({ id, state, problem }));
    await expect(end).rejects.toThrow(said);
  }
});
