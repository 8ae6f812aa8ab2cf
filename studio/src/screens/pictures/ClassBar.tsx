/** The classes of a set with their counts: a press shows one, and pictures may be dropped on it. */

import { useState } from "preact/hooks";
import type { Shown } from "../../state/files";
import { Button, Dialog, TextField } from "../../parts";
import { count } from "../../format";
import { t } from "../../words";
import { draggedFiles, isDragged } from "./dragged";

export interface ClassBarProps {
  counts: ReadonlyMap<string, number>;
  used: number;
  leftOut: number;
  shown: Shown;
  onShow: (shown: Shown) => void;
  onMove: (files: readonly string[], label: string | null) => void;
  onLeaveOut: (files: readonly string[]) => void;
  onPutBack: (files: readonly string[]) => void;
  /** A class is to be made, of what was dropped or else of what is chosen. */
  onNew: (dropped?: readonly string[]) => void;
}

export function ClassBar({ counts, used, leftOut, shown, onShow, onMove, onLeaveOut, onPutBack, onNew }: ClassBarProps) {
  const names = [...counts.keys()].filter(Boolean);
  return (
    <div class="class-bar" role="group" aria-label={t("class.bar")}>
      <Chip label={t("class.all")} n={used} isShown={shown.kind === "used"} onPress={() => onShow({ kind: "used" })} onDrop={onPutBack} />
      {[...names, ...(names.length && counts.has("") ? [""] : [])].map((name) => (
        <Chip
          key={name} label={name || t("class.none")} n={counts.get(name) ?? 0} isShown={shown.kind === "class" && shown.name === name}
          onPress={() => onShow({ kind: "class", name })} onDrop={(files) => onMove(files, name || null)}
        />
      ))}
      <Chip label={t("class.new")} isNew onPress={() => onNew()} onDrop={onNew} />
      <span class="spring" />
      {(leftOut > 0 || shown.kind === "left out") && (
        <Chip label={t("class.leftOut")} n={leftOut} isShown={shown.kind === "left out"} onPress={() => onShow({ kind: "left out" })} onDrop={onLeaveOut} />
      )}
    </div>
  );
}

interface ChipProps {
  label: string;
  n?: number;
  isShown?: boolean;
  isNew?: boolean;
  onPress: () => void;
  onDrop: (files: readonly string[]) => void;
}

function Chip({ label, n, isShown, isNew, onPress, onDrop }: ChipProps) {
  const [over, setOver] = useState(false);
  const onDrag = (event: DragEvent) => {
    if (!isDragged(event)) return;
    event.preventDefault();
    event.stopPropagation();
    setOver(event.type === "dragover");
  };
  return (
    <button
      type="button" class={`chip ${over ? "over" : ""} ${isNew ? "new" : ""}`} aria-pressed={isNew ? undefined : isShown} onClick={onPress}
      onDragOver={onDrag} onDragLeave={onDrag} onDrop={(event) => { if (isDragged(event)) { onDrag(event); onDrop(draggedFiles()); } }}
    >
      {label}{n !== undefined && <span class="numbers soft">{count(n)}</span>}
    </button>
  );
}

export function NewClassDialog({ n, taken, onName, onClose }: { n: number; taken: readonly string[]; onName: (name: string) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const isTaken = taken.includes(name.trim());
  const take = (event: Event) => {
    event.preventDefault();
    if (name.trim()) onName(name.trim());
  };
  return (
    <Dialog title={t("class.newTitle")} onClose={onClose}>
      <form class="stack" onSubmit={take}>
        <TextField
          label={t("class.name")} value={name} onInput={setName} maxLength={80} autoFocus
          help={isTaken ? t("class.taken") : t("class.help", { n })}
        />
        <div class="row actions">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="main" type="submit" disabled={!name.trim()}>{t("class.move", { n })}</Button>
        </div>
      </form>
    </Dialog>
  );
}
