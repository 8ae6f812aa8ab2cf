import { expect, test } from "vitest";

const styles = import.meta.glob<string>("../**/*.css", { query: "?raw", import: "default", eager: true });

test("nothing moves without an end but the bar of work whose length is unknown", () => {
  // A dot that breathes has the browser draw sixty times a second, which a training pays for.
  const endless = Object.entries(styles).filter(([, text]) => text.includes("infinite"));
  expect(endless.map(([name]) => name)).toEqual(["../parts/progress.css"]);
  expect(Object.keys(styles).length).toBeGreaterThan(10);
});
