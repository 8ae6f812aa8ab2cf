import { Button, IconButton, Menu } from "../../parts";
import { t } from "../../words";

export interface SelectionBarProps {
  n: number;
  classes: readonly string[];
  areLeftOut: boolean;
  onMove: (label: string | null) => void;
  onNew: () => void;
  onLeaveOut: () => void;
  onPutBack: () => void;
  onAll: () => void;
  onClear: () => void;
}

/** What can be done with the pictures that are chosen. */
export function SelectionBar({ n, classes, areLeftOut, onMove, onNew, onLeaveOut, onPutBack, onAll, onClear }: SelectionBarProps) {
  return (
    <div class="selection-bar" role="group" aria-label={t("selection.label")}>
      <IconButton icon="close" label={t("selection.clear")} onClick={onClear} />
      <strong role="status">{t("selection.count", { n })}</strong>
      <Button kind="quiet" onClick={onAll}>{t("selection.all")}</Button>
      <span class="spring" />
      {!areLeftOut && (
        <Menu
          label={t("selection.move")} text
          items={[
            ...classes.map((name) => ({ label: name, onSelect: () => onMove(name) })),
            { label: t("class.fromFolder"), icon: "back" as const, onSelect: () => onMove(null) },
            { label: t("class.new"), icon: "plus" as const, onSelect: onNew },
          ]}
        />
      )}
      {areLeftOut
        ? <Button kind="main" icon="back" onClick={onPutBack}>{t("files.putBack")}</Button>
        : <Button onClick={onLeaveOut}>{t("files.leaveOut")}</Button>}
    </div>
  );
}
