/** Files -> requests: many small pictures go together, what is large goes alone. */

import type { Found } from "./gather";
import { kindOf } from "./kinds";

export const MOST_FILES = 64; // of a request; the server takes no more
export const MOST_BYTES = 8_000_000; // of a request of several pictures

export interface Opened {
  path: string;
  file: File;
}

/** together: pictures in one multipart request. alone: the bytes of one zip, video or large picture. */
export interface Batch {
  kind: "together" | "alone";
  files: Opened[];
  unread: string[]; // paths of files that were gone, or may not be read
}

/** Batches of what is in `queue`, which is emptied; a file is opened when its batch is made, so that few ever are.
 *
 * Whoever ends early calls `return`: what was opened and not handed over goes back to the head of the queue.
 */
export async function* batches(queue: Found[]): AsyncGenerator<Batch, void> {
  let files: Opened[] = [];
  let unread: string[] = [];
  let bytes = 0;
  let current: Found | undefined;
  const taken = (): Batch => {
    const batch: Batch = { kind: "together", files, unread };
    [files, unread, bytes] = [[], [], 0];
    return batch;
  };
  try {
    while ((current = queue.shift())) {
      const { path } = current;
      const file = await current.open().catch(() => null);
      const isAlone = file !== null && (file.size > MOST_BYTES || !goesTogether(path));
      if (files.length && file && (isAlone || bytes + file.size > MOST_BYTES)) yield taken();
      current = undefined;
      if (file === null) unread.push(path);
      else if (isAlone) yield { kind: "alone", files: [{ path, file }], unread: [] };
      else {
        files.push({ path, file });
        bytes += file.size;
      }
      if (files.length + unread.length >= MOST_FILES) yield taken();
    }
    if (files.length || unread.length) yield taken();
  } finally {
    queue.unshift(...files.map(again), ...(current ? [current] : []));
  }
}

/** An opened file, to be sent once more. */
export const again = ({ path, file }: Opened): Found => ({ path, open: async () => file });

function goesTogether(path: string): boolean {
  const kind = kindOf(path);
  return kind === "picture" || kind === "labels";
}
