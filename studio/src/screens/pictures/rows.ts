/** Which tiles of a grid are in sight: only these are in the page, of however many there are. */

export interface Layout {
  columns: number;
  tile: number; // px of a side
  rowHeight: number; // px, with the gap below
  height: number; // px of all rows
}

export interface Range {
  first: number;
  last: number; // one past the last
}

export function layout(width: number, count: number, leastTile: number, gap: number): Layout {
  const columns = Math.max(1, Math.floor((width + gap) / (leastTile + gap)));
  const tile = Math.floor((width - gap * (columns - 1)) / columns);
  const rowHeight = tile + gap;
  return { columns, tile, rowHeight, height: Math.max(0, Math.ceil(count / columns) * rowHeight - gap) };
}

/** Tiles between `top` and `bottom`, px from the grid's upper edge, and `more` rows on either side. */
export function inSight({ columns, rowHeight }: Layout, count: number, top: number, bottom: number, more = 3): Range {
  const first = Math.max(0, Math.floor(top / rowHeight) - more) * columns;
  const last = Math.max(0, Math.ceil(bottom / rowHeight) + more) * columns;
  return { first: Math.min(first, count), last: Math.min(last, count) };
}

/** Where a key leads from tile `at`; null where it is no key of a grid. */
export function led(key: string, at: number, count: number, columns: number, rowsInSight: number): number | null {
  const steps: Record<string, number> = {
    ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
    PageUp: -columns * rowsInSight, PageDown: columns * rowsInSight, Home: -count, End: count,
  };
  const step = steps[key];
  if (step === undefined || !count) return null;
  const to = at + step;
  if (Math.abs(step) === columns && (to < 0 || to >= count)) return at; // no row there
  return Math.min(Math.max(to, 0), count - 1);
}
