import type { ComponentChildren, ButtonHTMLAttributes } from "preact";
import { Icon, type IconName } from "./Icon";
import "./button.css";

/** main: the one thing to do here. quiet: without an edge. danger: what cannot be undone. */
export type Kind = "main" | "plain" | "quiet" | "danger";

type Native = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "icon" | "size">;

export interface ButtonProps extends Native {
  kind?: Kind;
  icon?: IconName;
  busy?: boolean;
  children?: ComponentChildren;
}

export function Button({ kind = "plain", icon, busy = false, disabled, children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} class={`button ${kind} ${rest.class ?? ""}`} disabled={disabled || busy} aria-busy={busy}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

interface LinkProps {
  href: string;
  kind?: Kind;
  icon?: IconName;
  download?: boolean | string;
  target?: string;
  children: ComponentChildren;
}

/** A link that looks like a button: for what leads to another place. */
export function ButtonLink({ kind = "plain", icon, children, ...rest }: LinkProps) {
  return (
    <a {...rest} class={`button ${kind}`}>
      {icon && <Icon name={icon} />}
      {children}
    </a>
  );
}

export interface IconButtonProps extends Native {
  icon: IconName;
  label: string;
}

/** A button of an icon alone; `label` is what it is called, and shown on hover. */
export function IconButton({ icon, label, ...rest }: IconButtonProps) {
  return (
    <button type="button" title={label} aria-label={label} {...rest} class={`button quiet icon-only ${rest.class ?? ""}`}>
      <Icon name={icon} />
    </button>
  );
}
