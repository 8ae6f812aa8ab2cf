import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../words";
import { Button } from "./Button";
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
  return (
    <dialog
      ref={box} class={wide ? "dialog wide" : "dialog"} aria-labelledby={id}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onClick={(event) => event.target === box.current && onClose()}
    >
      <div class="stack">
        <h2 id={id}>{title}</h2>
        {children}
        {actions && <div class="row actions">{actions}</div>}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  text: string;
  confirm: string;
  danger?: boolean;
  answer: (agreed: boolean) => void;
}

const question = signal<Question | null>(null);

/** Ask before something that cannot be undone; whether the person agreed. */
export function ask(asked: Omit<Question, "answer">): Promise<boolean> {
  return new Promise((resolve) => {
    question.value = { ...asked, answer: (agreed) => { question.value = null; resolve(agreed); } };
  });
}

/** Where `ask` shows its question; once in the page. */
export function Questions() {
  const asked = question.value;
  if (!asked) return null;
  return (
    <Dialog
      title={asked.title} onClose={() => asked.answer(false)}
      actions={
        <>
          <Button onClick={() => asked.answer(false)}>{t("action.cancel")}</Button>
          <Button kind={asked.danger ? "danger" : "main"} onClick={() => asked.answer(true)}>{asked.confirm}</Button>
        </>
      }
    >
      <p>{asked.text}</p>
    </Dialog>
  );
}
