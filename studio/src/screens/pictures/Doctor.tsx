/** What the doctor found in a set: the contact sheet, findings in words, and what mends each. */

import { useEffect, useState } from "preact/hooks";
import type { EditChanges, PictureSet } from "../../api/types";
import { Button, Check, Choices, Dialog, Fold, JobProgress, Picture, Select } from "../../parts";
import { count, size as sizeOf } from "../../format";
import { edit, shapeOf } from "../../state/files";
import { isUnderWay, jobOf } from "../../state/jobs";
import { foundIn, look, NEAR, stillThere } from "../../state/looks";
import { t } from "../../words";
import { useIsNarrow } from "../../state/view";
import { FindingItem } from "./Finding";
import "./doctor.css";

const SIZES: readonly (readonly [number, number])[] = [[32, 32], [64, 64], [96, 64], [64, 96], [128, 128], [192, 128], [128, 192], [256, 256]];
const FITS = ["crop", "pad", "stretch"] as const;

export function Doctor({ set, isChanging }: { set: PictureSet; isChanging: boolean }) {
  const isTooSmall = !set.ready && !set.problem;
  const job = isTooSmall ? undefined : jobOf("look", set.name);
  useLooks(set, isChanging || isTooSmall);
  const looked = foundIn(set.name);
  const isWorking = isUnderWay(job);
  const findings = looked?.findings.flatMap((finding) => stillThere(finding, set) ?? []) ?? [];
  const again = <Button kind="quiet" disabled={isWorking || isChanging || isTooSmall} onClick={() => void look(set.name, set.edits)}>{t("doctor.again")}</Button>;
  const found = (
    <>
      {isTooSmall && !isChanging && <p class="warn">{t("set.tooFew")}</p>}
      <JobProgress job={job} working={t("doctor.working")} />
      {looked && <p>{t("doctor.used", { used: count(looked.used), n: looked.found, size: sizeOf(looked.width, looked.height), kind: t(`channels.${channels(looked.channels)}`) })}</p>}
      <ul class="findings">
        {findings.map((finding) => <FindingItem key={`${finding.kind} ${finding.text}`} set={set} finding={finding} />)}
        {looked && findings.length === 0 && <li class="fine">{t("doctor.fine")}</li>}
      </ul>
      <Seen set={set} sheet={looked?.sheet ?? null} />
    </>
  );
  if (useIsNarrow()) {
    const note = isTooSmall ? t("set.few") : isWorking ? t("doctor.working") : job?.state === "failed" ? t("state.failed") : looked && t("doctor.found", { n: findings.length });
    return (
      <aside class="doctor card" aria-label={t("doctor.title")}>
        <Fold title={t("doctor.title")} note={note}>{found}<div class="row">{again}</div></Fold>
      </aside>
    );
  }
  return (
    <aside class="doctor" aria-label={t("doctor.title")}>
      <div class="row spread"><h2>{t("doctor.title")}</h2>{again}</div>
      {found}
    </aside>
  );
}

/** How pictures are made to fit, and a sample of what that gives. */
function Seen({ set, sheet }: { set: PictureSet; sheet: string | null }) {
  const [isLarge, setLarge] = useState(false);
  const change = (changes: EditChanges) => void edit(set.name, changes);
  const { width, height } = shapeOf(set);
  const sizes = SIZES.some(([wide, high]) => wide === width && high === height) ? SIZES : [...SIZES, [width, height] as const];
  return (
    <section class="stack fits">
      <h3>{t("doctor.sheet")}</h3>
      <Select
        label={t("fit.size")} value={`${width}x${height}`} onInput={(size) => change({ size: size.split("x").map(Number) as [number, number] })}
        choices={sizes.map(([wide, high]) => ({ value: `${wide}x${high}`, label: sizeOf(wide, high) }))}
      />
      <Choices
        label={t("fit.label")} value={set.edits.fit} onInput={(fit) => change({ fit })}
        choices={FITS.map((value) => ({ value, label: t(`fit.${value}`) }))}
      />
      <div>
        <Check label={t("fit.alpha")} checked={set.edits.alpha} onInput={(alpha) => change({ alpha })} />
        <Check label={t("fit.dropNear")} checked={set.edits.drop_near !== null} onInput={(drops) => change({ drop_near: drops ? NEAR : null })} />
      </div>
      {sheet && (
        <button type="button" class="sheet" aria-label={t("doctor.enlarge")} onClick={() => setLarge(true)}>
          <Picture src={sheet} alt={t("doctor.sheet")} />
        </button>
      )}
      {isLarge && sheet && (
        <Dialog title={t("doctor.sheet")} onClose={() => setLarge(false)} wide>
          <p class="soft">{t("doctor.sheetHelp")}</p>
          <Picture src={sheet} alt={t("doctor.sheet")} />
        </Dialog>
      )}
    </section>
  );
}

const channels = (n: number) => (n === 1 ? "grey" : n === 4 ? "alpha" : "colour");

/** Looks where nobody did yet, and again when what matters changed; waits while pictures come in. */
function useLooks(set: PictureSet, isChanging: boolean): void {
  const { size, fit, alpha, drop_near } = set.edits;
  const asked = JSON.stringify([set.count, size, fit, alpha, drop_near]);
  const [lookedFor, setLookedFor] = useState(jobOf("look", set.name) ? asked : "");
  useEffect(() => {
    if (isChanging || set.count === 0 || asked === lookedFor) return;
    const timer = setTimeout(() => {
      setLookedFor(asked);
      void look(set.name, set.edits);
    }, 300);
    return () => clearTimeout(timer);
  }, [asked, isChanging, lookedFor]);
}
