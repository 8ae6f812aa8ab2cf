/** One picture with the window that the network sees, which is moved by dragging or by keys. */

import { useRef, useState } from "preact/hooks";
import { address } from "../../api/client";
import type { CropWindow } from "../../api/types";
import { t } from "../../words";
import { boxOf, moved, scaled, type Sides } from "./cropWindow";
import "./crop.css";

const STEP = 0.01, LARGE_STEP = 0.1; // shares of the picture, of an arrow key
const FACTOR = 1.08; // of + and -, and of a turn of the wheel

export interface CropEditorProps {
  src: string;
  name: string;
  picture: Sides;
  shape: Sides;
  window: CropWindow;
  /** While it moves. */
  onMove: (window: CropWindow) => void;
  /** Once it rests. */
  onRest: (window: CropWindow) => void;
}

export function CropEditor({ src, name, picture, shape, window, onMove, onRest }: CropEditorProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [held, setHeld] = useState<{ x: number; y: number; from: CropWindow; corner: boolean } | null>(null);
  const box = boxOf(window, picture, shape);

  const onPointerDown = (event: PointerEvent) => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    setHeld({ x: event.clientX, y: event.clientY, from: window, corner: !!(event.target as HTMLElement).closest(".crop-corner") });
  };
  const onPointerMove = (event: PointerEvent) => {
    const area = frame.current?.getBoundingClientRect();
    if (!held || !area) return;
    const dx = (event.clientX - held.x) / area.width;
    const dy = (event.clientY - held.y) / area.height;
    if (!held.corner) return onMove(moved(held.from, dx, dy, picture, shape));
    const before = boxOf(held.from, picture, shape);
    onMove(scaled(held.from, 1 + (dx / before.width + dy / before.height), picture, shape)); // about its middle: both edges move
  };
  const onPointerUp = () => {
    if (held) onRest(window);
    setHeld(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    const factor = { "+": FACTOR, "=": FACTOR, "-": 1 / FACTOR }[event.key];
    if (by) rest(moved(window, by[0] ?? 0, by[1] ?? 0, picture, shape));
    else if (factor) rest(scaled(window, factor, picture, shape));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const rest = (next: CropWindow) => {
    onMove(next);
    onRest(next);
  };
  const share = (value: number) => `${100 * value}%`;
  return (
    <div class="crop-frame" ref={frame} style={{ aspectRatio: `${picture.width} / ${picture.height}`, "--ratio": picture.width / picture.height }}>
      <img src={address(src)} alt={name} draggable={false} />
      <div
        class="crop-window" role="application" tabIndex={0} aria-label={t("crop.label")} aria-describedby="crop-help"
        style={{ left: share(box.left), top: share(box.top), width: share(box.width), height: share(box.height) }}
        onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp} onPointerCancel={onPointerUp}
        onKeyDown={onKeyDown}
        onWheel={(event) => { event.preventDefault(); rest(scaled(window, event.deltaY < 0 ? FACTOR : 1 / FACTOR, picture, shape)); }}
      >
        <i class="crop-corner" />
      </div>
    </div>
  );
}
