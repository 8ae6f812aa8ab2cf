import { signal } from "@preact/signals";
import { sentence } from "../api/client";
import { t } from "../words";
import { IconButton } from "./Button";
import "./toast.css";

const SHOWN_MS = 6_000; // of what went well; what went wrong stays until it is closed

interface Told {
  id: number;
  text: string;
  bad: boolean;
}

const toasts = signal<readonly Told[]>([]);
let last = 0;

const dismiss = (id: number) => {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
};

/** Say something at the edge of the page. */
export function tell(text: string, { bad = false } = {}): void {
  const told = { id: ++last, text, bad };
  toasts.value = [...toasts.value.filter((toast) => toast.text !== text), told];
  if (!bad) setTimeout(() => dismiss(told.id), SHOWN_MS);
}

/** Do something at the server; what goes wrong is told. The value, or undefined where it went wrong. */
export async function attempt<T>(work: Promise<T>, done?: string): Promise<T | undefined> {
  try {
    const value = await work;
    if (done) tell(done);
    return value;
  } catch (error) {
    tell(sentence(error), { bad: true });
    return undefined;
  }
}

/** Where they are shown; once in the page. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={toast.bad ? "toast bad" : "toast"}>
          <span>{toast.text}</span>
          <IconButton icon="close" label={t("action.close")} onClick={() => dismiss(toast.id)} />
        </div>
      ))}
    </div>
  );
}
