import { useState } from "preact/hooks";
import { sentence } from "../../api/client";
import type { RunSummary } from "../../api/types";
import { Button, closeDialog, Dialog, TextField } from "../../parts";
import { go, href } from "../../router";
import { rename } from "../../state/orders";
import { t } from "../../words";

export function RenameDialog({ run }: { run: RunSummary }) {
  const [name, setName] = useState(run.name);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      if (name !== run.name) await rename(run.name, name);
      closeDialog();
      if (location.hash.startsWith(href(["runs", run.name]))) go(["runs", name]);
    } catch (error) {
      setProblem(sentence(error));
    }
  };
  return (
    <Dialog title={t("rename.title", { name: run.name })} onClose={closeDialog}>
      <form class="stack" onSubmit={submit}>
        <TextField label={t("rename.label")} value={name} onInput={setName} error={problem} maxLength={80} required autoFocus />
        <div class="row actions">
          <Button onClick={closeDialog}>{t("action.cancel")}</Button>
          <Button kind="main" type="submit">{t("action.save")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
