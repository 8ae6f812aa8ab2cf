import { expect, test } from "vitest";
import type { Verdict, VerdictKind } from "../api/types";
import { noticeOf } from "./notices";
import { madeRun } from "./test-data";

const verdict = (kind: VerdictKind): Verdict => ({ kind, evidence: "KD rose", advice: "Lower the rates.", images: 640 });

test("a run that ends is told of, with what went wrong", () => {
  expect(noticeOf(madeRun(), madeRun({ state: "finished" }))).toBe("faces is finished.");
  expect(noticeOf(madeRun(), madeRun({ state: "failed", problem: "The disk is full." }))).toBe("The disk is full.");
});

test("a run in trouble is told of once", () => {
  const before = madeRun({ verdict: verdict("improving") });
  const after = madeRun({ verdict: verdict("divergence") });
  expect(noticeOf(before, after)).toBe("Getting worse. Lower the rates.");
  expect(noticeOf(after, after)).toBeNull();
});

test("what goes well, what is new to this page, and a run that begins are not told of", () => {
  expect(noticeOf(madeRun(), madeRun({ images: 1280, verdict: verdict("improving") }))).toBeNull();
  expect(noticeOf(undefined, madeRun({ state: "finished" }))).toBeNull();
  expect(noticeOf(madeRun({ state: "queued" }), madeRun({ state: "starting" }))).toBeNull();
});
