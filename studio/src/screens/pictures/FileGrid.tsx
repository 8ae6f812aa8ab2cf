/** All pictures of a set, of which only those in sight are in the page. */

import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PictureSet, SetFile } from "../../api/types";
import { Icon, Thumbnail } from "../../parts";
import { crop, decisions, thumbnail } from "../../state/files";
import { t } from "../../words";
import { drag } from "./dragged";
import { inSight, layout, led } from "./rows";
import type { Selection } from "./selection";
import "./grid.css";

const TILE_PX = 104; // at least
const GAP_PX = 6;
const THUMBNAIL_PX = 160;
const STEP_PX = 128; // of scrolling, in which tiles are brought in and taken out

export interface FileGridProps {
  set: PictureSet;
  files: readonly SetFile[];
  selection: Selection;
  onOpen: (file: string) => void;
  /** Delete was pressed. */
  onRemove: () => void;
}

export function FileGrid({ set, files, selection, onOpen, onRemove }: FileGridProps) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const [active, setActive] = useState(0);
  const { width, top, bottom } = useView(box);
  const grid = layout(width, files.length, TILE_PX, GAP_PX);
  const { first, last } = inSight(grid, files.length, top, bottom);
  const names = useMemo(() => files.map(({ file }) => file), [files]);
  const chosen = selection.files.value;
  const at = Math.min(active, files.length - 1);

  const reach = (to: number, isExtending: boolean) => {
    setActive(to);
    const name = names[to];
    if (isExtending && name) selection.extendTo(name, names);
    show(box.current, Math.floor(to / grid.columns) * grid.rowHeight, grid.rowHeight);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const name = names[at];
    const to = led(event.key, at, files.length, grid.columns, Math.floor((bottom - top) / grid.rowHeight) || 1);
    if (to !== null) reach(to, event.shiftKey);
    else if (event.key === " " && name) selection.toggle(name);
    else if (event.key === "Enter" && name) onOpen(name);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) selection.choose(names);
    else if (event.key === "Escape" && chosen.size) selection.clear();
    else if ((event.key === "Delete" || event.key === "Backspace") && chosen.size) onRemove();
    else return;
    event.preventDefault();
  };
  const onPress = (event: MouseEvent, index: number) => {
    const name = names[index];
    if (!name) return;
    setActive(index);
    const onTick = (event.target as HTMLElement).closest(".tick");
    if (event.shiftKey) selection.extendTo(name, names);
    else if (onTick || chosen.size || event.ctrlKey || event.metaKey) selection.toggle(name);
    else onOpen(name);
  };
  const decided = useMemo(() => decisions(set), [set]);
  return (
    <div
      ref={box} class={`grid ${set.edits.fit}`} role="listbox" aria-multiselectable="true" aria-label={t("grid.label", { n: files.length })}
      tabIndex={0} aria-activedescendant={files.length ? `${id}-${at}` : undefined} onKeyDown={onKeyDown}
      style={{ height: `${grid.height}px` }}
    >
      {files.slice(first, last).map((file, offset) => {
        const index = first + offset;
        const window = decided.windowOf(file);
        const label = decided.classOf(file);
        const isChosen = chosen.has(file.file);
        const x = (index % grid.columns) * (grid.tile + GAP_PX);
        const y = Math.floor(index / grid.columns) * grid.rowHeight;
        const src = window ? crop(set.name, file.file, String(THUMBNAIL_PX), set.edits, window) : file.thumbnail || thumbnail(set.name, file.file, THUMBNAIL_PX);
        return (
          <div
            key={file.file} id={`${id}-${index}`} role="option" aria-selected={isChosen} aria-setsize={files.length} aria-posinset={index + 1}
            aria-label={t("grid.tile", { file: file.file, width: file.width ?? "?", height: file.height ?? "?", label })}
            class={`tile ${index === at ? "active" : ""} ${isChosen ? "chosen" : ""}`} draggable title={file.file}
            style={{ width: `${grid.tile}px`, height: `${grid.tile}px`, transform: `translate(${x}px, ${y}px)` }}
            onClick={(event) => onPress(event, index)}
            onDragStart={(event) => drag(event, isChosen ? [...chosen] : [file.file])}
          >
            <Thumbnail key={src} src={src} />
            <span class="tick"><Icon name="check" /></span>
            {window && <span class="mark"><Icon name="crop" /></span>}
          </div>
        );
      })}
    </div>
  );
}

/** How wide a box is, and which part of it the window shows, px from its upper edge. */
function useView(box: { current: HTMLElement | null }) {
  const [view, setView] = useState({ width: 0, top: 0, bottom: 0 });
  const measure = () => {
    if (!box.current) return;
    const { top: edge, width } = box.current.getBoundingClientRect();
    const top = Math.floor(-edge / STEP_PX) * STEP_PX;
    const bottom = Math.ceil((innerHeight - edge) / STEP_PX) * STEP_PX;
    setView((before) => (before.top === top && before.width === width && before.bottom === bottom ? before : { width, top, bottom }));
  };
  useLayoutEffect(measure, []);
  useEffect(() => {
    const watching = new ResizeObserver(measure);
    if (box.current) watching.observe(box.current);
    watching.observe(document.body); // what is above may grow
    addEventListener("scroll", measure, { passive: true });
    addEventListener("resize", measure);
    return () => {
      watching.disconnect();
      removeEventListener("scroll", measure);
      removeEventListener("resize", measure);
    };
  }, []);
  return view;
}

/** Scroll a row of the box into sight. */
function show(box: HTMLElement | null, y: number, height: number): void {
  if (!box) return;
  const top = box.getBoundingClientRect().top + y;
  const above = 140; // px, below what stays at the window's top
  if (top < above) scrollBy(0, top - above);
  else if (top + height > innerHeight) scrollBy(0, top + height - innerHeight + 16);
}
