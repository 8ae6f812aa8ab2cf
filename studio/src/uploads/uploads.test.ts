import { expect, test } from "vitest";
import { Problem } from "../api/client";
import type { Sent } from "../api/types";
import { batches, MOST_BYTES, MOST_FILES } from "./batches";
import { below, type Found, gather } from "./gather";
import { kindOf } from "./kinds";
import type { Send } from "./send";
import { makeUploader } from "./uploads";

const picture = (path: string, size = 10): Found => ({ path, open: async () => ({ size, name: path }) as File });
const pictures = (count: number) => Array.from({ length: count }, (_, at) => picture(`cats/${at}.jpg`));
async function* each(found: readonly Found[]) { yield* found; }
const said = (added: number, left_out: Sent["left_out"] = []): Sent => ({ added, left_out, left_out_count: left_out.length, set: {} as Sent["set"] });
const atOnce = async () => undefined;

async function all(queue: Found[]) {
  const made = [];
  for await (const batch of batches(queue)) made.push(batch);
  return made;
}

test("every file is in one batch, in order, and no batch has more files than the server takes", async () => {
  const made = await all(pictures(150));
  expect(made.map(({ files }) => files.length)).toEqual([MOST_FILES, MOST_FILES, 150 - 2 * MOST_FILES]);
  expect(made.flatMap(({ files }) => files.map(({ path }) => path))).toEqual(pictures(150).map(({ path }) => path));
});

test("pictures of one request are no larger together than the limit, and what is larger goes alone", async () => {
  const sizes = [MOST_BYTES / 2, MOST_BYTES / 2, MOST_BYTES / 2, MOST_BYTES + 1, 5];
  const made = await all(sizes.map((size, at) => picture(`${at}.png`, size)));
  expect(made.map(({ kind, files }) => [kind, files.map(({ path }) => path)])).toEqual([
    ["together", ["0.png", "1.png"]], ["together", ["2.png"]], ["alone", ["3.png"]], ["together", ["4.png"]],
  ]);
});

test("a zip goes alone however small it is", async () => {
  const made = await all([picture("1.png"), picture("all.zip"), picture("2.png")]);
  expect(made.map(({ kind }) => kind)).toEqual(["together", "alone", "together"]);
});

test("a file is opened when its batch is made, and not before", async () => {
  const opened: string[] = [];
  const queue = pictures(300).map(({ path, open }) => ({ path, open: () => { opened.push(path); return open(); } }));
  const coming = batches(queue);
  await coming.next();
  expect(opened.length).toBe(MOST_FILES);
  await coming.return();
  expect(queue.length).toBe(300 - MOST_FILES);
});

test("a file that is gone is named, and the others go on", async () => {
  const gone: Found = { path: "gone.jpg", open: () => Promise.reject(new Error("NotFoundError")) };
  const [batch] = await all([picture("1.jpg"), gone, picture("2.jpg")]);
  expect([batch?.files.length, batch?.unread]).toEqual([2, ["gone.jpg"]]);
});

test("who stops early finds again what was opened and not sent", async () => {
  const queue = [picture("1.jpg"), picture("2.jpg", MOST_BYTES), picture("3.jpg")];
  const coming = batches(queue);
  await coming.next(); // 1.jpg alone, because 2.jpg has no room beside it
  await coming.return();
  expect(queue.map(({ path }) => path)).toEqual(["2.jpg", "3.jpg"]);
});

test("an upload sends two requests at a time and counts what was added", async () => {
  let under = 0, most = 0;
  const send: Send = async (batch) => {
    most = Math.max(most, ++under);
    await new Promise((resolve) => setTimeout(resolve));
    under -= 1;
    return said(batch.files.length);
  };
  const uploader = makeUploader({ send });
  await uploader.add("cats", each(pictures(500)));
  const upload = uploader.all.value.get("cats");
  expect([most, upload?.phase, upload?.found, upload?.sent, upload?.added]).toEqual([2, "done", 500, 500, 500]);
});

test("what is no picture is never sent, and what systems put beside pictures is not even named", async () => {
  const sent: string[] = [];
  const uploader = makeUploader({ send: async (batch) => { sent.push(...batch.files.map(({ path }) => path)); return said(batch.files.length); } });
  await uploader.add("cats", each([picture("a.jpg"), picture("notes.txt"), picture(".DS_Store"), picture("__MACOSX/a.jpg"), picture("x/Thumbs.db")]));
  const upload = uploader.all.value.get("cats");
  expect(sent).toEqual(["a.jpg"]);
  expect([upload?.found, upload?.leftOutCount, upload?.leftOut[0]?.file]).toEqual([2, 1, "notes.txt"]);
});

test("an upload waits while the server is gone, and loses nothing", async () => {
  let fails = 3;
  const waits: number[] = [];
  const send: Send = async (batch) => {
    if (fails-- > 0) throw new Problem("gone", 0);
    return said(batch.files.length);
  };
  const uploader = makeUploader({ send, wait: async (ms) => { waits.push(ms); } });
  await uploader.add("cats", each(pictures(100)));
  expect(waits.length).toBe(3);
  expect(uploader.all.value.get("cats")).toMatchObject({ phase: "done", added: 100, isWaiting: false });
});

test("a full disk stops an upload, which goes on where it stopped", async () => {
  let room = 1;
  const got: string[] = [];
  const send: Send = async (batch) => {
    if (room-- <= 0) throw new Problem("no space left", 507);
    got.push(...batch.files.map(({ path }) => path));
    return said(batch.files.length);
  };
  const uploader = makeUploader({ send });
  await uploader.add("cats", each(pictures(300)));
  expect(uploader.all.value.get("cats")).toMatchObject({ phase: "failed", added: MOST_FILES });
  room = 100;
  await uploader.retry("cats");
  expect(uploader.all.value.get("cats")).toMatchObject({ phase: "done", added: 300, sent: 300 });
  expect(new Set(got).size).toBe(300);
});

test("a large file that the server refuses is left out with its reason, and the others go on", async () => {
  const send: Send = async (batch) => {
    if (batch.kind === "alone") throw new Problem("larger than 4 GB", 413);
    return said(batch.files.length);
  };
  const uploader = makeUploader({ send });
  await uploader.add("cats", each([picture("a.jpg"), picture("huge.zip"), picture("b.jpg")]));
  expect(uploader.all.value.get("cats")).toMatchObject({ phase: "done", added: 2, leftOut: [{ file: "huge.zip", reason: "larger than 4 GB" }] });
});

test("videos wait until a person says how often a picture is taken", async () => {
  const every: number[] = [];
  const send: Send = async (batch, options) => {
    if (batch.kind === "alone") every.push(options.every);
    return said(batch.files.length);
  };
  const uploader = makeUploader({ send });
  await uploader.add("cats", each([picture("a.jpg"), picture("cats.mp4")]));
  expect(uploader.all.value.get("cats")).toMatchObject({ phase: "asking", videos: 1, added: 1 });
  await uploader.takeVideos("cats", 2.5);
  expect(every).toEqual([2.5]);
  expect(uploader.all.value.get("cats")).toMatchObject({ phase: "done", videos: 0, sent: 2 });
});

test("cancelling ends it with what was added before", async () => {
  const uploader = makeUploader({
    send: async (batch, { signal }) => {
      uploader.cancel("cats");
      if (signal.aborted) throw signal.reason;
      return said(batch.files.length);
    },
  });
  await uploader.add("cats", each(pictures(500)));
  expect(uploader.all.value.get("cats")).toMatchObject({ phase: "cancelled", added: 0 });
});

test("a set takes no more files than it may have, and says so once", async () => {
  const uploader = makeUploader({ send: async (batch) => said(batch.files.length), mostFiles: () => 10 });
  await uploader.add("cats", each(pictures(50)));
  expect(uploader.all.value.get("cats")).toMatchObject({ added: 10, leftOutCount: 1 });
});

test("five thousand files are never held open together, nor named as left out without end", async () => {
  let open = 0, most = 0;
  const found = Array.from({ length: 5000 }, (_, at): Found => ({ path: `${at}.jpg`, open: async () => { most = Math.max(most, ++open); return { size: 10 } as File; } }));
  const uploader = makeUploader({
    send: async (batch) => { await atOnce(); open -= batch.files.length; return said(0, batch.files.map(({ path }) => ({ file: path, reason: "broken" }))); },
  });
  await uploader.add("cats", each(found));
  const upload = uploader.all.value.get("cats");
  expect(most).toBeLessThanOrEqual(3 * MOST_FILES);
  expect([upload?.leftOutCount, upload?.leftOut.length]).toEqual([5000, 200]);
});

test("a folder that is chosen gives its name, and paths below it", async () => {
  const file = (path: string) => Object.assign(new File(["x"], path.split("/").pop() ?? ""), { webkitRelativePath: path });
  const { folder, title, files } = gather([file("pets/cats/1.jpg"), file("pets/dogs/2.jpg")]);
  const paths = [];
  for await (const found of files) paths.push(found.path);
  expect([folder, title, paths]).toEqual(["pets", "pets", ["cats/1.jpg", "dogs/2.jpg"]]);
});

test("a folder that is added to a set keeps its name", async () => {
  const paths = [];
  for await (const { path } of below("cats", each([picture("1.jpg")]) as AsyncGenerator<Found>)) paths.push(path);
  expect(paths).toEqual(["cats/1.jpg"]);
});

test("a set of one zip is called as the zip is; one of a picture is not", () => {
  const file = (name: string) => new File(["x"], name);
  expect(gather([file("moths.zip")]).title).toBe("moths");
  expect(gather([file("IMG_1.jpg")]).title).toBe(null);
});

test("dropped folders are walked to their end, a hundred entries at a time", async () => {
  const entry = (name: string) => ({ name, isDirectory: false, file: (done: (file: File) => void) => done(new File(["x"], name)) });
  const readers = (names: string[]) => {
    const parts = [names.slice(0, 100), names.slice(100), []];
    return { readEntries: (done: (entries: unknown[]) => void) => done((parts.shift() ?? []).map(entry)) };
  };
  const names = Array.from({ length: 150 }, (_, at) => `${at}.jpg`);
  const top = { name: "moths", isDirectory: true, createReader: () => readers(names) };
  const transfer = { items: [{ kind: "file", webkitGetAsEntry: () => top }], files: [] };
  const { folder, files } = gather(transfer as unknown as DataTransfer);
  const paths = [];
  for await (const { path } of files) paths.push(path);
  expect([folder, paths]).toEqual(["moths", names]);
});

test.each([
  ["a.JPG", "picture"], ["a/b.webp", "picture"], ["x.zip", "zip"], ["x.MP4", "video"], ["labels.csv", "labels"], ["data.csv", "other"],
  [".hidden.jpg", "hidden"], ["a/.git/x.png", "hidden"], ["a/desktop.ini", "hidden"], ["__MACOSX/._a.jpg", "hidden"], ["noending", "other"],
])("%s is sent as %s", (path, kind) => {
  expect(kindOf(path)).toBe(kind);
});
