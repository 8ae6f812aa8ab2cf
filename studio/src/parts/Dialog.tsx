import { signal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../words";
import { Button, IconButton } from "./Button";
import "./dialog.css";

export interface DialogProps {
  title: string;
  /** Escape, a press beside it, or one of its own buttons. */
  onClose: () => void;
  children: ComponentChildren;
  /** Its buttons. */
  actions?: ComponentChildren;
  /** For pictures, which want room. */
  wide?: boolean;
}

export function Dialog({ title, onClose, children, actions, wide }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  useEffect(() => {
    addEventListener("hashchange", onClose); // it is of the place it was opened in
    return () => removeEventListener("hashchange", onClose);
  }, [onClose]);
  return (
    <dialog
      ref={box} class={wide ? "dialog wide" : "dialog"} aria-labelledby={id}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onClick={(event) => event.target === box.current && onClose()}
    >
      <div class="stack">
        <div class="row spread dialog-head">
          <h2 id={id}>{title}</h2>
          {!actions && <IconButton icon="close" label={t("action.close")} onClick={onClose} />}
        </div>
        {children}
        {actions && <div class="row actions">{actions}</div>}
      </div>
    </dialog>
  );
}

const opened = signal<VNode | null>(null);

/** Show a dialog, which closes itself with `closeDialog`. */
export function openDialog(dialog: VNode): void {
  opened.value = dialog;
}

export function closeDialog(): void {
  opened.value = null;
}

/** Where dialogs are shown; once in the page. */
export function Dialogs() {
  return opened.value;
}

interface Question {
  title: string;
  text: string;
  confirm: string;
  danger?: boolean;
}

/** Ask before something that cannot be undone; whether the person agreed. */
export function ask({ title, text, confirm, danger }: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const answer = (agreed: boolean) => {
      closeDialog();
      resolve(agreed);
    };
    openDialog(
      <Dialog
        title={title} onClose={() => answer(false)}
        actions={
          <>
            <Button onClick={() => answer(false)}>{t("action.cancel")}</Button>
            <Button kind={danger ? "danger" : "main"} onClick={() => answer(true)}>{confirm}</Button>
          </>
        }
      >
        <p>{text}</p>
      </Dialog>,
    );
  });
}
