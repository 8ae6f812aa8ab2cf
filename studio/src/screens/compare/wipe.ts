/** Two pictures over each other: where the divider is, and which part of both is seen. All in shares of their box. */

export interface View {
  /** 1: the whole. */
  scale: number;
  /** Where the picture's left upper corner is, 0 or less. */
  x: number;
  y: number;
}

export const WHOLE: View = { scale: 1, x: 0, y: 0 };
const MOST_SCALE = 16;

const within = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

/** A view that shows nothing beside the pictures. */
export function tidy({ scale, x, y }: View): View {
  const kept = within(scale, 1, MOST_SCALE);
  return { scale: kept, x: within(x, 1 - kept, 0), y: within(y, 1 - kept, 0) };
}

/** Larger by a factor, while what is at (x, y) of the box stays there. */
export function zoomed(view: View, factor: number, x = 0.5, y = 0.5): View {
  const scale = within(view.scale * factor, 1, MOST_SCALE);
  const by = scale / view.scale;
  return tidy({ scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by });
}

export const panned = (view: View, dx: number, dy: number): View => tidy({ ...view, x: view.x + dx, y: view.y + dy });

type Box = Pick<DOMRect, "left" | "top" | "width" | "height">;

/** Where a point of the window is in the box, 0 to 1. */
export function shareOf(box: Box, clientX: number, clientY: number): [x: number, y: number] {
  return [within((clientX - box.left) / box.width, 0, 1), within((clientY - box.top) / box.height, 0, 1)];
}

const DIVIDER_STEP = 0.02;

/** Where a key moves the divider to, or null where it moves nothing. */
export function dividerAfter(key: string, divider: number): number | null {
  const to: Record<string, number> = {
    ArrowLeft: divider - DIVIDER_STEP, ArrowRight: divider + DIVIDER_STEP,
    PageDown: divider - 5 * DIVIDER_STEP, PageUp: divider + 5 * DIVIDER_STEP, Home: 0, End: 1,
  };
  const wanted = to[key];
  return wanted === undefined ? null : within(wanted, 0, 1);
}

const ZOOM_STEP = 1.5;
const PAN_STEP = 0.1;

/** What a key makes of the view, or null where it changes nothing. With shift, arrows pan. */
export function viewAfter(key: string, hasShift: boolean, view: View): View | null {
  if (key === "+" || key === "=") return zoomed(view, ZOOM_STEP);
  if (key === "-") return zoomed(view, 1 / ZOOM_STEP);
  if (key === "0") return WHOLE;
  const pans: Record<string, [number, number]> = {
    ArrowLeft: [PAN_STEP, 0], ArrowRight: [-PAN_STEP, 0], ArrowUp: [0, PAN_STEP], ArrowDown: [0, -PAN_STEP],
  };
  const pan = hasShift ? pans[key] : undefined;
  return pan ? panned(view, ...pan) : null;
}
