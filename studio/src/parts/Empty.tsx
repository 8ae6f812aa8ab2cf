import type { ComponentChildren } from "preact";
import "./empty.css";

interface EmptyProps {
  title: string;
  text?: string;
  children?: ComponentChildren;
  /** The whole screen, of which this is the heading. */
  whole?: boolean;
}

/** What a place shows that has nothing yet, and what to do about it. */
export function Empty({ title, text, children, whole }: EmptyProps) {
  const Heading = whole ? "h1" : "h2";
  return (
    <div class="empty">
      <Heading>{title}</Heading>
      {text && <p class="soft">{text}</p>}
      {children && <div class="row">{children}</div>}
    </div>
  );
}
