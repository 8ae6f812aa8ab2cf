import { useRef } from "preact/hooks";
import { Picture } from "./Picture";
import "./sheet.css";

export interface SheetProps {
  src: string | null;
  alt: string;
  columns: number;
  rows: number;
  /** What the picture at an index is called. */
  name: (index: number) => string;
  selected?: number | null;
  onPick: (index: number) => void;
  onLoad?: (picture: HTMLImageElement) => void;
}

type Sides = { width: number; height: number };

/** Columns and rows of a sheet of `count` pictures, from its own sides and theirs: how the server laid it out. */
export function shapeOf(count: number, sheet: Sides, picture: Sides): [columns: number, rows: number] {
  const ratio = (sheet.width / sheet.height) * (picture.height / picture.width); // columns to rows
  const columns = Math.min(Math.max(Math.round(Math.sqrt(count * ratio)), 1), count);
  return [columns, Math.ceil(count / columns)];
}

const STEPS: Record<string, (columns: number) => number> = {
  ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: (columns) => -columns, ArrowDown: (columns) => columns,
};

/** A sheet of pictures of which one may be picked: with a pointer, or with the arrow keys and Enter. */
export function Sheet({ src, alt, columns, rows, name, selected = null, onPick, onLoad }: SheetProps) {
  const cells = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step) return;
    const all = [...(cells.current?.children ?? [])] as HTMLElement[];
    all[all.indexOf(document.activeElement as HTMLElement) + step(columns)]?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="sheet">
      <Picture src={src} alt={alt} onLoad={onLoad} />
      <div
        class="sheet-cells" ref={cells} role="group" aria-label={alt} style={{ "--columns": columns, "--rows": rows }}
        onKeyDown={onKeyDown}
      >
        {Array.from({ length: columns * rows }, (_, index) => (
          <button
            key={index} type="button" aria-label={name(index)} aria-pressed={index === selected}
            tabIndex={index === (selected ?? 0) ? 0 : -1} onClick={() => onPick(index)}
          />
        ))}
      </div>
    </div>
  );
}
