import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listen } from "./events";

/** An EventSource whose server is the test. */
class Source extends EventTarget {
  readonly CLOSED = 2;
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  isClosed = false;
  close() {
    this.isClosed = true;
  }
  opens() {
    this.readyState = 1;
    this.onopen?.();
  }
  breaks(readyState: 0 | 2) {
    this.readyState = readyState;
    this.onerror?.();
  }
  says(name: string, data: unknown) {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }
}

/** A window that the test hides and shows. */
class Page extends EventTarget {
  hidden = false;
  turns(hidden: boolean) {
    this.hidden = hidden;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

let sources: Source[];
let page: Page;
const make = () => {
  sources.push(new Source());
  return sources.at(-1) as unknown as EventSource;
};
const latest = () => sources.at(-1) as Source;
const given = () => ({ make, page: page as unknown as Document });

beforeEach(() => {
  sources = [];
  vi.useFakeTimers();
  page = new Page();
});
afterEach(() => void vi.useRealTimers());

test("each event goes to the handler of its name", () => {
  const heard: unknown[] = [];
  listen("api/events", { run: (run: unknown) => heard.push(run) }, given());
  latest().says("run", { name: "x" });
  latest().says("other", 1);
  expect(heard).toEqual([{ name: "x" }]);
});

test("a stream that the browser opens again by itself is left to it", () => {
  const told: string[] = [];
  listen("x", {}, { ...given(), onOpen: () => told.push("open"), onBroken: () => told.push("broken") });
  latest().opens();
  latest().breaks(0);
  latest().opens();
  vi.advanceTimersByTime(60_000);
  expect(sources).toHaveLength(1);
  expect(told).toEqual(["open", "broken", "open"]);
});

test("a stream that was refused is tried again, each time later, and soon again once it was open", () => {
  listen("x", {}, given());
  const waits = [1, 2, 4, 8, 15, 15].map((seconds) => {
    latest().breaks(2);
    vi.advanceTimersByTime(seconds * 1000 - 1);
    const before = sources.length;
    vi.advanceTimersByTime(1);
    return sources.length - before;
  });
  expect(waits).toEqual([1, 1, 1, 1, 1, 1]);
  latest().opens();
  latest().breaks(2);
  vi.advanceTimersByTime(1000);
  expect(sources).toHaveLength(8);
});

test("a window that is hidden gives its connection back, and takes one when it is seen again", () => {
  listen("x", {}, given());
  page.turns(true);
  expect(latest().isClosed).toBe(true);
  page.turns(false);
  expect(sources).toHaveLength(2);
  expect(latest().isClosed).toBe(false);
});

test("a window that has to tell of something listens while it is hidden too", () => {
  listen("x", {}, { ...given(), isNeededHidden: () => true });
  page.turns(true);
  expect(latest().isClosed).toBe(false);
});

test("once it is closed, nothing is tried again", () => {
  const listening = listen("x", {}, given());
  latest().breaks(2);
  listening.close();
  vi.advanceTimersByTime(60_000);
  page.turns(true);
  page.turns(false);
  expect(sources).toHaveLength(1);
});
