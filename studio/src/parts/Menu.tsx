import { useEffect, useRef, useState } from "preact/hooks";
import { Button, IconButton } from "./Button";
import { Icon, type IconName } from "./Icon";
import "./menu.css";

const WIDEST_PX = 300; // of a list

export interface MenuItem {
  label: string;
  icon?: IconName;
  href?: string;
  onSelect?: () => void;
  danger?: boolean;
  checked?: boolean;
}

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
  const [isLeft, setLeft] = useState(false); // there is no room to the left of the button
  const root = useRef<HTMLDivElement>(null);
  const focusable = () => [...(root.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];

  useEffect(() => {
    if (!open) return;
    focusable()[0]?.focus();
    setLeft((root.current?.getBoundingClientRect().right ?? 0) < WIDEST_PX);
    const outside = (event: Event) => root.current?.contains(event.target as Node) || setOpen(false);
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
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
        <div role="menu" aria-label={label} class={isLeft ? "menu-list left" : "menu-list"}>
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
