import type { ComponentChildren, HTMLAttributes } from "preact";
import "./card.css";

interface CardProps extends Omit<HTMLAttributes<HTMLElement>, "title"> {
  title?: ComponentChildren;
  children: ComponentChildren;
}

/** A ground for what belongs together. */
export function Card({ title, children, ...rest }: CardProps) {
  return (
    <section {...rest} class={`card ${rest.class ?? ""}`}>
      {title && <h2>{title}</h2>}
      {children}
    </section>
  );
}
