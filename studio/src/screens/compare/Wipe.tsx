import { useEffect, useRef, useState } from "preact/hooks";
import { address } from "../../api/client";
import { IconButton } from "../../parts";
import { t } from "../../words";
import { dividerAfter, panned, shareOf, type View, viewAfter, WHOLE, zoomed } from "./wipe";
import "./wipe.css";

interface Side {
  src: string | null;
  name: string;
  caption: string;
}

const BUTTON_ZOOM = 1.5;

/** Two sheets over each other with a divider between them; both are zoomed and moved together. */
export function Wipe({ left, right }: { left: Side; right: Side }) {
  const box = useRef<HTMLDivElement>(null);
  const [divider, setDivider] = useState(0.5);
  const [view, setView] = useState<View>(WHOLE);
  const pointers = usePointers(box, { view, setView, setDivider });

  useEffect(() => { // a listener of its own, since it has to keep the page from being zoomed
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const [x, y] = shareOf(box.current!.getBoundingClientRect(), event.clientX, event.clientY);
      setView((before) => zoomed(before, Math.exp(-event.deltaY / 200), x, y));
    };
    box.current?.addEventListener("wheel", onWheel, { passive: false });
    return () => box.current?.removeEventListener("wheel", onWheel);
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const seen = viewAfter(event.key, event.shiftKey, view);
    const moved = seen ? null : dividerAfter(event.key, divider);
    if (seen) setView(seen);
    else if (moved !== null) setDivider(moved);
    else return;
    event.preventDefault();
  };
  const placed = { transform: `translate(${100 * view.x}%, ${100 * view.y}%) scale(${view.scale})` };
  const percent = Math.round(100 * divider);
  return (
    <figure class="wipe">
      <div class={view.scale > 1 ? "wipe-box zoomed" : "wipe-box"} ref={box} {...pointers}>
        <Half side={left} style={placed} />
        <div class="wipe-right" style={{ clipPath: `inset(0 0 0 ${percent}%)` }}><Half side={right} style={placed} /></div>
        <div
          class="wipe-divider" role="slider" tabIndex={0} aria-label={t("wipe.divider", { left: left.name, right: right.name })}
          aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent} aria-describedby="wipe-help" style={{ left: `${percent}%` }}
          onKeyDown={onKeyDown}
        />
      </div>
      <figcaption class="wipe-caption">
        <p><strong>{left.name}</strong> <span class="soft small numbers">{left.caption}</span></p>
        <div class="row">
          <IconButton
            icon="minus" label={t("wipe.smaller")} disabled={view.scale === 1} onClick={() => setView(zoomed(view, 1 / BUTTON_ZOOM))}
          />
          <IconButton icon="plus" label={t("wipe.larger")} onClick={() => setView(zoomed(view, BUTTON_ZOOM))} />
          <IconButton icon="expand" label={t("wipe.whole")} disabled={view.scale === 1} onClick={() => setView(WHOLE)} />
        </div>
        <p><strong>{right.name}</strong> <span class="soft small numbers">{right.caption}</span></p>
      </figcaption>
      <p id="wipe-help" class="sr-only">{t("wipe.help")}</p>
    </figure>
  );
}

function Half({ side: { src, name, caption }, style }: { side: Side; style: { transform: string } }) {
  if (src === null) return <div class="wipe-picture none soft" style={style}>{caption}</div>;
  return <img class="wipe-picture" src={address(src)} alt={`${name}, ${caption}`} style={style} draggable={false} decoding="sync" />;
}

interface Moving {
  view: View;
  setView: (change: (before: View) => View) => void;
  setDivider: (divider: number) => void;
}

/** One finger or the mouse: the divider, or where it is zoomed and not on the divider, the picture. Two: zoom. */
function usePointers(box: { current: HTMLDivElement | null }, { view, setView, setDivider }: Moving) {
  const held = useRef(new Map<number, [number, number]>());
  const onDivider = useRef(false);
  const at = (event: PointerEvent) => shareOf(box.current!.getBoundingClientRect(), event.clientX, event.clientY);
  return {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return;
      box.current?.setPointerCapture(event.pointerId);
      held.current.set(event.pointerId, at(event));
      onDivider.current = view.scale === 1 || (event.target as Element).classList.contains("wipe-divider");
      if (onDivider.current && held.current.size === 1) setDivider(at(event)[0]);
    },
    onPointerMove(event: PointerEvent) {
      const before = held.current.get(event.pointerId);
      if (!before) return;
      const now = at(event);
      const other = [...held.current].find(([id]) => id !== event.pointerId)?.[1];
      held.current.set(event.pointerId, now);
      if (other) {
        const factor = apart(now, other) / Math.max(apart(before, other), 0.01);
        setView((seen) => zoomed(seen, factor, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2));
      } else if (onDivider.current) setDivider(now[0]);
      else setView((seen) => panned(seen, now[0] - before[0], now[1] - before[1]));
    },
    onPointerUp: (event: PointerEvent) => void held.current.delete(event.pointerId),
    onPointerCancel: (event: PointerEvent) => void held.current.delete(event.pointerId),
  };
}

const apart = (one: [number, number], other: [number, number]) => Math.hypot(one[0] - other[0], one[1] - other[1]);
