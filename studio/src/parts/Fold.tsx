import type { ComponentChildren } from "preact";
import { Icon } from "./Icon";
import "./fold.css";

interface FoldProps {
  title: ComponentChildren;
  /** What is in it, for who does not open it. */
  note?: ComponentChildren;
  open?: boolean;
  onToggle?: (open: boolean) => void;
  children: ComponentChildren;
}

/** What most people need not see: a line that opens. */
export function Fold({ title, note, open, onToggle, children }: FoldProps) {
  return (
    <details class="fold" open={open} onToggle={(event) => onToggle?.(event.currentTarget.open)}>
      <summary>
        <Icon name="right" />
        <span>{title}{note && <span class="soft small"> {note}</span>}</span>
      </summary>
      <div class="fold-inside">{children}</div>
    </details>
  );
}
