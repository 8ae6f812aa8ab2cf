/** Pictures on their way to their sets. An upload goes on whatever screen is shown, and waits while the server is gone. */

import { signal, type Signal } from "@preact/signals";
import { Problem, sentence } from "../api/client";
import type { LeftOut, PictureSet } from "../api/types";
import { t } from "../words";
import { again, type Batch, batches } from "./batches";
import type { Found } from "./gather";
import { kindOf } from "./kinds";
import type { Send } from "./send";

const AT_ONCE = 2; // requests
const NAMED = 200; // files that are named as left out; more are counted
const TOLD_EVERY = 250; // files found between two changes of what is shown
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;
const DISK_FULL = 507;

export interface Upload {
  set: string;
  /** asking: all but the videos is there, of which a person says how often a frame is taken. failed: `problem` says why. */
  phase: "reading" | "sending" | "asking" | "done" | "cancelled" | "failed";
  isWaiting: boolean; // for a server that does not answer
  found: number; // files, so far
  sent: number; // of these, with what is under way as a share
  added: number; // pictures that the set now has more
  leftOut: LeftOut[];
  leftOutCount: number;
  videos: number; // that wait for an answer
  problem: string | null;
}

interface Task {
  shown: Upload;
  queue: Found[];
  videos: Found[];
  shares: Map<Batch, number>;
  finished: number;
  reading: number; // drops that are still read
  sending: boolean;
  every: number;
  abort: AbortController;
}

export interface Uploader {
  all: Signal<ReadonlyMap<string, Upload>>;
  /** Add files to a set; several times at once is one upload. */
  add(set: string, files: AsyncIterable<Found>): Promise<void>;
  /** Send the videos that wait: a frame every so many seconds. */
  takeVideos(set: string, every: number): Promise<void>;
  leaveVideos(set: string): void;
  cancel(set: string): void;
  /** Go on after it failed. */
  retry(set: string): Promise<void>;
  dismiss(set: string): void;
}

export interface UploaderOptions {
  send: Send;
  /** Told what the server says of a set after each batch. */
  onSet?: (set: PictureSet) => void;
  /** Files that one set may have. */
  mostFiles?: () => number;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function makeUploader({ send, onSet, mostFiles = () => 20_000, wait = pause }: UploaderOptions): Uploader {
  const all = signal<ReadonlyMap<string, Upload>>(new Map());
  const tasks = new Map<string, Task>();

  const show = (task: Task, changes: Partial<Upload> = {}) => {
    const partly = [...task.shares.values()].reduce((sum, share) => sum + share, 0);
    task.shown = { ...task.shown, ...changes, sent: task.finished + partly, videos: task.videos.length };
    if (tasks.get(task.shown.set) === task) all.value = new Map(all.peek()).set(task.shown.set, task.shown);
  };
  const leaveOut = (task: Task, files: readonly LeftOut[], count = files.length) => {
    task.shown.leftOut = [...task.shown.leftOut, ...files].slice(0, NAMED);
    task.shown.leftOutCount += count;
  };

  async function add(set: string, files: AsyncIterable<Found>): Promise<void> {
    const before = tasks.get(set);
    const task = before && isUnderWay(before.shown) ? before : begin(set);
    tasks.set(set, task);
    task.reading += 1;
    show(task);
    try {
      for await (const found of files) {
        if (task.abort.signal.aborted) return;
        const kind = kindOf(found.path);
        if (kind === "hidden") continue;
        task.shown.found += 1;
        if (task.shown.found > mostFiles()) {
          leaveOut(task, [{ file: found.path, reason: t("upload.tooMany", { n: mostFiles() }) }]);
          task.finished += 1;
          break;
        }
        if (kind === "other") {
          leaveOut(task, [{ file: found.path, reason: t("upload.noPicture") }]);
          task.finished += 1;
        } else (kind === "video" ? task.videos : task.queue).push(found);
        if (task.shown.found % TOLD_EVERY === 0) show(task);
      }
    } catch (error) {
      leaveOut(task, [{ file: "…", reason: sentence(error) }]);
    }
    task.reading -= 1;
    if (!task.sending && !task.reading) await drain(task);
  }

  async function drain(task: Task): Promise<void> {
    task.sending = true;
    show(task, { phase: "sending", problem: null });
    const coming = batches(task.queue);
    const worker = async () => {
      while (!task.abort.signal.aborted && task.shown.phase !== "failed") {
        const next = await coming.next();
        if (next.done) return;
        await deliver(task, next.value);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await coming.return();
    task.sending = false;
    if (task.abort.signal.aborted || task.shown.phase === "failed") return;
    if (task.queue.length) return drain(task); // dropped meanwhile
    show(task, { phase: task.videos.length ? "asking" : "done" });
  }

  async function deliver(task: Task, batch: Batch): Promise<void> {
    leaveOut(task, batch.unread.map((file) => ({ file, reason: t("upload.unread") })));
    task.shares.set(batch, 0);
    try {
      if (batch.files.length) {
        const said = await patiently(task, batch);
        task.shown.added += said.added;
        leaveOut(task, said.left_out, said.left_out_count);
        onSet?.(said.set);
      }
      task.finished += batch.files.length + batch.unread.length;
    } catch (error) {
      if (task.abort.signal.aborted) return;
      const [first] = batch.files;
      const isOfFiles = error instanceof Problem && (error.status === 413 || error.status === 422);
      if (isOfFiles && batch.kind === "alone" && first) {
        leaveOut(task, [{ file: first.path, reason: error.message }]);
        task.finished += 1;
      } else {
        task.queue.unshift(...batch.files.map(again));
        const reason = error instanceof Problem && error.status === DISK_FULL ? t("upload.diskFull") : sentence(error);
        task.shown = { ...task.shown, phase: "failed", problem: reason };
      }
    } finally {
      task.shares.delete(batch);
      show(task);
    }
  }

  /** Send a batch, again and again while nothing answers. */
  async function patiently(task: Task, batch: Batch) {
    const signal = task.abort.signal;
    const onShare = (share: number) => {
      task.shares.set(batch, share * batch.files.length);
      show(task);
    };
    for (let ms = FIRST_WAIT_MS; ; ms = Math.min(2 * ms, LONGEST_WAIT_MS)) {
      try {
        const said = await send(batch, { set: task.shown.set, every: task.every, signal, onShare });
        task.shown.isWaiting = false;
        return said;
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 0) throw error;
        task.shares.set(batch, 0);
        show(task, { isWaiting: true });
        await wait(ms, signal);
      }
    }
  }

  return {
    all,
    add,
    async takeVideos(set, every) {
      const task = tasks.get(set);
      if (!task) return;
      task.every = every;
      task.queue.push(...task.videos.splice(0));
      if (!task.sending) await drain(task);
    },
    leaveVideos(set) {
      const task = tasks.get(set);
      if (!task) return;
      task.finished += task.videos.splice(0).length;
      show(task, { phase: "done" });
    },
    cancel(set) {
      const task = tasks.get(set);
      if (!task) return;
      task.abort.abort();
      task.queue.length = task.videos.length = 0;
      show(task, { phase: "cancelled", isWaiting: false });
    },
    async retry(set) {
      const task = tasks.get(set);
      if (task && task.shown.phase === "failed" && !task.sending) await drain(task);
    },
    dismiss(set) {
      tasks.delete(set);
      const rest = new Map(all.peek());
      rest.delete(set);
      all.value = rest;
    },
  };
}

/** Whether there is still something to send. */
export const isUnderWay = ({ phase }: Upload): boolean => phase !== "done" && phase !== "cancelled";

function begin(set: string): Task {
  const shown: Upload = {
    set, phase: "reading", isWaiting: false, found: 0, sent: 0, added: 0, leftOut: [], leftOutCount: 0, videos: 0, problem: null,
  };
  const abort = new AbortController();
  return { shown, queue: [], videos: [], shares: new Map(), finished: 0, reading: 0, sending: false, every: 1, abort };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}
