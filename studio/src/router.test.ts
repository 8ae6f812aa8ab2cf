import { expect, test } from "vitest";
import { go, href, parsePlace, place, setQuery } from "./router";

test.each([
  ["", [], {}],
  ["#/", [], {}],
  ["#/runs/faces%2064?at=12800&seed=3", ["runs", "faces 64"], { at: "12800", seed: "3" }],
  ["#/compare?runs=A/B%2C+C", ["compare"], { runs: "A/B, C" }],
  ["#/runs/50%", ["runs", "50%"], {}], // a person may have typed it
])("the address %s is a place", (hash, parts, query) => {
  expect(parsePlace(hash)).toEqual({ parts, query });
});

test("what an address is made of comes back from it, whatever the name", () => {
  for (const name of ["a/b", "50% off?", "été", "a&b=c", "A/B, C"]) {
    expect(parsePlace(href(["runs", name], { find: name }))).toEqual({ parts: ["runs", name], query: { find: name } });
  }
});

test("what is empty is left out of an address, and commas stay readable", () => {
  expect(href(["compare"], { runs: "A/B, C", at: null, find: "" })).toBe("#/compare?runs=A/B%2C+C");
});

test("changing the query keeps the place and the rest of the query, and adds nothing to the history", () => {
  location.hash = href(["runs", "x"], { tab: "watch", at: 5 });
  place.value = parsePlace(location.hash);
  const before = history.length;
  setQuery({ at: null, seed: 3 });
  expect(place.value).toEqual({ parts: ["runs", "x"], query: { tab: "watch", seed: "3" } });
  expect(history.length).toBe(before);
});

test("going somewhere writes the address", () => {
  go(["play", "x"], { at: 64 });
  expect(location.hash).toBe("#/play/x?at=64");
});
