import { useState } from "preact/hooks";
import { sentence } from "../../api/client";
import { attempt, Button, Dialog, Menu, TextField } from "../../parts";
import { go } from "../../router";
import { home } from "../../state/store";
import { named, t } from "../../words";
import { setOf } from "./newSet";

/** Ways to a set that send nothing: a folder that is named, and the sets that Ganvas knows. */
export function OtherSources({ onMade = (name) => go(["sets", name]) }: { onMade?: (name: string) => void }) {
  const [isNaming, setNaming] = useState(false);
  const known = home.value?.known ?? [];
  const take = async (source: string) => {
    const made = await attempt(setOf(source));
    if (made) onMade(made.name);
  };
  return (
    <>
      <Button kind="quiet" onClick={() => setNaming(true)}>{t("source.name")}</Button>
      {known.length > 0 && (
        <Menu
          label={t("source.known")} text
          items={known.map(({ name }) => ({ label: named(`known.${name}`, {}, name), onSelect: () => void take(name) }))}
        />
      )}
      {isNaming && <FolderDialog onClose={() => setNaming(false)} onMade={onMade} />}
    </>
  );
}

function FolderDialog({ onClose, onMade }: { onClose: () => void; onMade: (name: string) => void }) {
  const [where, setWhere] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const take = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const made = await setOf(where.trim());
      onClose();
      onMade(made.name);
    } catch (error) {
      setProblem(sentence(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("source.title")} onClose={onClose}>
      <form class="stack" onSubmit={take}>
        <TextField
          label={t("source.where")} value={where} onInput={setWhere} help={t("source.help")} error={problem}
          placeholder="~/Pictures/moths" autoFocus required
        />
        <div class="row actions">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="main" type="submit" busy={isBusy} disabled={!where.trim()}>{t("source.take")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
