import { t } from "../words";
import { IconButton } from "./Button";
import { tell } from "./Toast";
import "./copyable.css";

/** A command or a path, to be copied by a press. */
export function Copyable({ text, label }: { text: string; label: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text); // there only where the page is asked for safely
      tell(t("copy.done"));
    } catch {
      tell(t("copy.failed"), { bad: true });
    }
  };
  return (
    <div class="copyable">
      <code tabIndex={0} role="region" aria-label={label}>{text}</code>
      <IconButton icon="copy" label={t("copy.copy")} onClick={() => void copy()} />
    </div>
  );
}
