import type { ComponentChildren } from "preact";
import "./empty.css";

/** What a place shows that has nothing yet, and what to do about it. */
export function Empty({ title, text, children }: { title: string; text?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {text && <p class="soft">{text}</p>}
      {children && <div class="row">{children}</div>}
    </div>
  );
}
