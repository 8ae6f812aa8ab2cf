/** The part of a picture that the network sees: windows of its shape, which lie inside of the picture.
 *
 * A window is [x, y, side]: its left and upper edge as shares of the picture's width and height, and its size as a share
 * of the largest window of that shape there is.
 */

import type { CropWindow } from "../../api/types";

export interface Sides {
  width: number;
  height: number;
}

/** Shares of the picture's width and height. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export const SMALLEST_SIDE = 0.1;

/** Width and height of the largest window of the shape, as shares of the picture's. */
export function largest(picture: Sides, shape: Sides): Sides {
  const scale = Math.min(picture.width / shape.width, picture.height / shape.height);
  return { width: (shape.width * scale) / picture.width, height: (shape.height * scale) / picture.height };
}

/** Where the crop lies that is taken where nobody chose. */
export function middle(picture: Sides, shape: Sides): CropWindow {
  const { width, height } = largest(picture, shape);
  return [(1 - width) / 2, (1 - height) / 2, 1];
}

export function boxOf([x, y, side]: CropWindow, picture: Sides, shape: Sides): Box {
  const { width, height } = largest(picture, shape);
  return { left: x, top: y, width: width * side, height: height * side };
}

/** The nearest window that lies inside. */
export function inside([x, y, side]: CropWindow, picture: Sides, shape: Sides): CropWindow {
  const size = clamp(side, SMALLEST_SIDE, 1);
  const { width, height } = largest(picture, shape);
  return [clamp(x, 0, 1 - width * size), clamp(y, 0, 1 - height * size), size];
}

/** Moved by shares of the picture's width and height. */
export function moved([x, y, side]: CropWindow, dx: number, dy: number, picture: Sides, shape: Sides): CropWindow {
  return inside([x + dx, y + dy, side], picture, shape);
}

/** Made larger or smaller, with its middle where it was as far as there is room. */
export function scaled([x, y, side]: CropWindow, factor: number, picture: Sides, shape: Sides): CropWindow {
  const size = clamp(side * factor, SMALLEST_SIDE, 1);
  const { width, height } = largest(picture, shape);
  const dx = (width * (side - size)) / 2;
  const dy = (height * (side - size)) / 2;
  return inside([x + dx, y + dy, size], picture, shape);
}

/** Pixels of the picture in the window, along its width. */
export const pixelsIn = (window: CropWindow, picture: Sides, shape: Sides): number =>
  boxOf(window, picture, shape).width * picture.width;

export const isMiddle = (window: CropWindow, picture: Sides, shape: Sides): boolean =>
  middle(picture, shape).every((value, at) => Math.abs(value - (window[at] ?? 0)) < 0.002);

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), Math.max(least, most));
