import { useEffect, useRef, useState } from "preact/hooks";
import { Button, IconButton } from "./Button";
import { Icon, type IconName } from "./Icon";
import "./menu.css";

export interface MenuItem {
  label: string;
  icon?: IconName;
  href?: string;
  onSelect?: () => void;
  danger?: boolean;
  checked?: boolean;
}

type Box = Pick<DOMRect, "left" | "right" | "top" | "bottom" | "width" | "height">;

/** Where a list goes: below its button with their right ends in line, or above it, so that all of it is in the window. */
export function placeOf(button: Box, list: Box, page = { width: innerWidth, height: innerHeight }): { left: number; top: number } {
  const isBelow = button.bottom + list.height <= page.height || button.top < page.height - button.bottom;
  return {
    left: Math.max(EDGE_PX, Math.min(button.right, page.width - EDGE_PX) - list.width),
    top: Math.max(EDGE_PX, isBelow ? Math.min(button.bottom, page.height - list.height - EDGE_PX) : button.top - list.height),
  };
}

const EDGE_PX = 4; // left free beside the window's edge

export interface MenuProps {
  label: string;
  icon?: IconName;
  /** The button shows its label, and not an icon. */
  text?: boolean;
  items: readonly MenuItem[];
}

/** A button that opens a list of things to do. Arrow keys, Home and End move; Escape and a press elsewhere close. */
export function Menu({ label, icon = "more", text = false, items }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const focusable = () => [...(root.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];

  useEffect(() => {
    if (!open || !root.current || !list.current) return;
    list.current.showPopover?.(); // above all, whatever cuts off what lies around the button
    const { left, top } = placeOf(root.current.getBoundingClientRect(), list.current.getBoundingClientRect());
    Object.assign(list.current.style, { left: `${left}px`, top: `${top}px` });
    focusable()[0]?.focus({ preventScroll: true });
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    addEventListener("scroll", outside, true);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("scroll", outside, true);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    root.current?.querySelector("button")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return;
    const all = focusable();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape") close();
    else if (event.key === "Tab") return setOpen(false);
    else if (to !== undefined) all.at(to % all.length)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      {text
        ? <Button aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>{label}<Icon name="down" /></Button>
        : <IconButton icon={icon} label={label} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)} />}
      {open && (
        <div ref={list} role="menu" aria-label={label} class="menu-list" popover="manual">
          {items.map((item) => <Item key={item.label} item={item} onDone={close} />)}
        </div>
      )}
    </div>
  );
}

function Item({ item, onDone }: { item: MenuItem; onDone: () => void }) {
  const role = item.checked === undefined ? "menuitem" : "menuitemradio";
  const shared = { role, tabIndex: -1, class: item.danger ? "danger" : "", "aria-checked": item.checked } as const;
  const content = <>{item.icon && <Icon name={item.icon} />}{item.label}{item.checked && <Icon name="check" />}</>;
  if (item.href) return <a {...shared} href={item.href} onClick={onDone}>{content}</a>;
  return <button {...shared} type="button" onClick={() => { onDone(); item.onSelect?.(); }}>{content}</button>;
}
