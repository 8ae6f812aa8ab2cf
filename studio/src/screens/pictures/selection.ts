/** Which files of a grid are chosen: a click with shift, or an arrow key with it, reaches from the last one to here. */

import { type ReadonlySignal, signal } from "@preact/signals";

export interface Selection {
  files: ReadonlySignal<ReadonlySet<string>>;
  toggle(file: string): void;
  /** Also all between the one that was toggled last and this one, in the order of `files`. */
  extendTo(file: string, files: readonly string[]): void;
  choose(files: Iterable<string>): void;
  clear(): void;
}

export function makeSelection(): Selection {
  const chosen = signal<ReadonlySet<string>>(new Set());
  let anchor: string | null = null;
  return {
    files: chosen,
    toggle(file) {
      const next = new Set(chosen.peek());
      if (!next.delete(file)) next.add(file);
      anchor = file;
      chosen.value = next;
    },
    extendTo(file, files) {
      const ends = [files.indexOf(anchor ?? file), files.indexOf(file)].sort((one, other) => one - other);
      const [from = 0, to = 0] = ends;
      chosen.value = new Set([...chosen.peek(), ...files.slice(Math.max(from, 0), to + 1)]);
      anchor ??= file;
    },
    choose(files) {
      chosen.value = new Set(files);
    },
    clear() {
      anchor = null;
      if (chosen.peek().size) chosen.value = new Set();
    },
  };
}
