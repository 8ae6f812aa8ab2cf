/** What a run begins with, where it does not begin with nothing. */

import { useState } from "preact/hooks";
import type { StartAt } from "../../api/types";
import { Button, Fold, Picture, TextField } from "../../parts";
import { href } from "../../router";
import { momentAt, sheetOf } from "../../state/moments";
import { run } from "../../state/store";
import { count } from "../../format";
import { t } from "../../words";
import type { Choices } from "./choices";

export function StartFrom({ start, onClear, onModel }: { start: Choices["start"]; onClear: () => void; onModel: (model: string) => void }) {
  if (start && "run" in start) return <FromRun start={start} onClear={onClear} />;
  return <FromModel model={start?.model ?? ""} onModel={onModel} />;
}

function FromRun({ start: { run: name, images }, onClear }: { start: StartAt; onClear: () => void }) {
  const from = run(name);
  const at = images ?? from?.images ?? 0;
  const drawn = images === null ? undefined : momentAt(from?.drawn ?? [], images); // a kept moment need not be a drawn one
  const picture = drawn === undefined ? (from?.preview ?? null) : sheetOf(name, drawn);
  return (
    <section class="start-from card" aria-label={t("from.label")}>
      <Picture src={picture} alt={t("from.picture", { name })} />
      <div class="stack">
        <p>{t("from.run")} <a href={href(["runs", name], { at: images })}>{name}</a> {t("from.at", { images: count(at) })}</p>
        <p class="soft small">{t("from.help")}</p>
        <div class="row"><Button kind="quiet" icon="close" onClick={onClear}>{t("from.clear")}</Button></div>
      </div>
    </section>
  );
}

function FromModel({ model, onModel }: { model: string; onModel: (model: string) => void }) {
  const [text, setText] = useState(model);
  return (
    <Fold title={t("from.model")} note={model || t("from.nothing")} open={model !== ""}>
      <TextField label={t("from.where")} value={text} onInput={(typed) => { setText(typed); onModel(typed.trim()); }} help={t("from.modelHelp")} placeholder="runs/faces" />
    </Fold>
  );
}
