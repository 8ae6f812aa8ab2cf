/** What was dropped, chosen or pasted -> files with their paths, none of which is opened before it is sent. */

import { kindOf } from "./kinds";

/** A file that is there and not yet opened. */
export interface Found {
  path: string; // below what was dropped, as cats/1.jpg
  open: () => Promise<File>;
}

export interface Gathered {
  /** The one folder that was dropped, which the paths are below; null where it was several things, or files. */
  folder: string | null;
  /** What to call a set of it. */
  title: string | null;
  files: AsyncGenerator<Found>;
}

/** To be called while the event lasts: a browser takes back what was dropped as soon as it is over. */
export function gather(from: DataTransfer | FileList | readonly File[]): Gathered {
  if ("items" in from && from.items) {
    const items = [...from.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
    if (entries.length && entries.every((entry) => entry !== null)) return ofEntries(entries);
    return ofFiles([...from.files]);
  }
  return ofFiles([...(from as ArrayLike<File> & Iterable<File>)]);
}

/** The same files, below a folder of that name. */
export async function* below(folder: string | null, files: AsyncGenerator<Found>): AsyncGenerator<Found> {
  for await (const found of files) yield folder === null ? found : { ...found, path: `${folder}/${found.path}` };
}

function ofEntries(entries: FileSystemEntry[]): Gathered {
  const [only] = entries;
  if (entries.length === 1 && only?.isDirectory) {
    return { folder: only.name, title: only.name, files: inside(only as FileSystemDirectoryEntry, "") };
  }
  return { folder: null, title: titleOf(entries.map((entry) => entry.name)), files: inAll(entries, "") };
}

function ofFiles(files: readonly File[]): Gathered {
  const paths = files.map((file) => file.webkitRelativePath || file.name);
  const tops = new Set(paths.map((path) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "")));
  const [top = ""] = tops;
  const folder = tops.size === 1 && top ? top : null;
  async function* each(): AsyncGenerator<Found> {
    for (const [at, file] of files.entries()) {
      const path = paths[at] ?? file.name;
      yield { path: folder === null ? path : path.slice(folder.length + 1), open: async () => file };
    }
  }
  return { folder, title: folder ?? titleOf(paths), files: each() };
}

/** The name of the one zip or video that was given. */
function titleOf(names: readonly string[]): string | null {
  const [only] = names;
  return names.length === 1 && only !== undefined && kindOf(only) !== "picture" ? only.replace(/\.\w+$/, "") : null;
}

async function* inAll(entries: readonly FileSystemEntry[], above: string): AsyncGenerator<Found> {
  for (const entry of entries) {
    const path = above + entry.name;
    if (entry.isDirectory) yield* inside(entry as FileSystemDirectoryEntry, `${path}/`);
    else yield { path, open: () => new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)) };
  }
}

async function* inside(folder: FileSystemDirectoryEntry, above: string): AsyncGenerator<Found> {
  const reader = folder.createReader();
  for (;;) { // a hundred at a time, until there are none
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    yield* inAll(some, above);
  }
}
