/** The files of a set, and what was decided about each. Decisions are edits of the set, and come from the server. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { get, patch, path, sentence } from "../api/client";
import type { CropWindow, EditChanges, Edits, PictureSet, SetFile } from "../api/types";
import { attempt, tell } from "../parts";
import { setPictureSet, sets } from "./store";

const PAGE = 500; // files of one request; the server lists no more
const READ_AGAIN_MS = 1_500;
const USUAL_PX = 64; // of a side, where nothing was chosen
const OUTSIDE = "."; // what the server calls no class, where others have one

/** Which files are shown: all that are used, those of a class ("": of none), or those left out. */
export type Shown = { kind: "used" } | { kind: "class"; name: string } | { kind: "left out" };

export interface Listed {
  files: readonly SetFile[];
  /** Whether the whole list is there. */
  isWhole: boolean;
}

export interface Reader {
  listed: ReadonlySignal<Listed>;
  /** Read the list anew; at most every READ_AGAIN_MS, since many pictures may come in one after another. */
  read(): void;
  stop(): void;
}

/** Reads the files of a set, a page after another. */
export function makeReader(set: string): Reader {
  const listed = signal<Listed>({ files: [], isWhole: false });
  const ended = new AbortController();
  let isReading = false;
  let isAsked = false;
  const readOnce = async () => {
    const files: SetFile[] = [];
    for (let offset = 0; ; offset += PAGE) {
      const page = await get<SetFile[]>(path(["api", "sets", set, "files"], { offset, limit: PAGE }), ended.signal);
      files.push(...page);
      const isWhole = page.length < PAGE;
      // A list that is read anew stays as long as it was until it is whole, so that nothing jumps.
      if (isWhole || files.length > listed.peek().files.length) listed.value = { files: [...files], isWhole };
      if (isWhole) return;
    }
  };
  const read = async () => {
    isAsked = true;
    if (isReading) return;
    isReading = true;
    while (isAsked && !ended.signal.aborted) {
      isAsked = false;
      await readOnce().catch((error: unknown) => ended.signal.aborted || tell(sentence(error), { bad: true }));
      await new Promise((resolve) => setTimeout(resolve, READ_AGAIN_MS));
    }
    isReading = false;
  };
  return { listed, read: () => void read(), stop: () => ended.abort() };
}

export interface Decisions {
  isLeftOut(file: string): boolean;
  /** "": none. */
  classOf(file: SetFile): string;
  windowOf(file: SetFile): CropWindow | null;
}

export function decisions({ edits }: PictureSet): Decisions {
  const out = new Set(edits.left_out);
  return {
    isLeftOut: (file) => out.has(file),
    classOf: ({ file, class: label }) => {
      const now = edits.classes[file] ?? label ?? "";
      return now === OUTSIDE ? "" : now;
    },
    windowOf: (file) => edits.windows[file.file] ?? null,
  };
}

export function chosen(files: readonly SetFile[], set: PictureSet, shown: Shown): SetFile[] {
  const { isLeftOut, classOf } = decisions(set);
  if (shown.kind === "left out") return files.filter((file) => isLeftOut(file.file));
  return files.filter((file) => !isLeftOut(file.file) && (shown.kind === "used" || classOf(file) === shown.name));
}

/** Pictures of each class that are used, by name; "" are those of none. */
export function classCounts(files: readonly SetFile[], set: PictureSet): Map<string, number> {
  const { isLeftOut, classOf } = decisions(set);
  const counts = new Map<string, number>();
  for (const file of files) {
    if (!isLeftOut(file.file)) counts.set(classOf(file), (counts.get(classOf(file)) ?? 0) + 1);
  }
  return new Map([...counts].sort(([one], [other]) => one.localeCompare(other)));
}

/** Change what was decided; the page shows it at once, and takes it back where the server refuses. */
export async function edit(name: string, changes: EditChanges): Promise<void> {
  const before = sets.peek().get(name);
  if (!before) return;
  setPictureSet({ ...before, edits: applied(before.edits, changes) });
  const said = await attempt(patch<PictureSet>(path(["api", "sets", name]), changes));
  setPictureSet(said ?? before);
}

/** Edits after a change, as the server makes them. */
export function applied(edits: Edits, { leave_out = [], put_back = [], classes, windows, ...others }: EditChanges): Edits {
  const back = new Set(put_back);
  return {
    ...edits,
    ...others,
    left_out: [...new Set([...edits.left_out, ...leave_out])].filter((file) => !back.has(file)),
    classes: merged(edits.classes, classes),
    windows: merged(edits.windows, windows),
  };
}

function merged<T>(old: Record<string, T>, changes: Record<string, T | null> = {}): Record<string, T> {
  const all = { ...old, ...changes };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, T] => entry[1] !== null));
}

export const leaveOut = (name: string, files: readonly string[]) => edit(name, { leave_out: [...files] });
export const putBack = (name: string, files: readonly string[]) => edit(name, { put_back: [...files] });

/** null: the class that their folders say. */
export const moveTo = (name: string, files: readonly string[], label: string | null) =>
  edit(name, { classes: Object.fromEntries(files.map((file) => [file, label])) });

/** null: the middle again. */
export const setWindow = (name: string, file: string, window: CropWindow | null) => edit(name, { windows: { [file]: window } });

/** The shape that a set's pictures are cropped to, px. */
export function shapeOf({ edits }: PictureSet): { width: number; height: number } {
  const [width, height] = edits.size ?? [USUAL_PX, USUAL_PX];
  return { width, height };
}

export const thumbnail = (set: string, file: string, px: number): string =>
  path(["api", "sets", set, "thumbnail", ...file.split("/")], { px });

/** What the network would see of a picture, at a size as "64" or "96x64"; window: undefined for the one that is kept. */
export const crop = (set: string, file: string, size: string, { fit, alpha }: Edits, window?: CropWindow | null): string =>
  path(["api", "sets", set, "crop", ...file.split("/")], { size, fit, alpha, window: window?.map((share) => share.toFixed(4)).join() });
