/** A set that is begun: from what was dropped, from a folder of this machine, or a known one. */

import { post } from "../../api/client";
import type { PictureSet } from "../../api/types";
import { attempt } from "../../parts";
import { go } from "../../router";
import { setPictureSet, sets } from "../../state/store";
import { type Gathered, uploader } from "../../uploads";

/** Make a set for what was dropped, send it there, and show it. */
export async function dropIntoNewSet({ title, files }: Gathered): Promise<void> {
  const name = title && freeName(title, new Set(sets.peek().keys()));
  const made = await attempt(post<PictureSet>("api/sets", name ? { name } : {}));
  if (!made) return;
  setPictureSet(made);
  void uploader.add(made.name, files);
  go(["sets", made.name]);
}

/** The nearest to a title that a set may be called, and none is yet; null where nothing is left of it. */
export function freeName(title: string, taken: ReadonlySet<string>): string | null {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^A-Za-z0-9._-]+/g, " ").replace(/^[ ._-]+|[ .]+$/g, "").slice(0, 60).trim();
  const lower = new Set([...taken].map((name) => name.toLowerCase()));
  for (let at = 1; plain && at <= taken.size + 1; at++) {
    const name = at === 1 ? plain : `${plain} ${at}`;
    if (!lower.has(name.toLowerCase())) return name;
  }
  return null;
}

/** A set of a folder or a known name. Raises Problem. */
export async function setOf(source: string): Promise<PictureSet> {
  const made = await post<PictureSet>("api/sets", { source });
  setPictureSet(made);
  return made;
}
