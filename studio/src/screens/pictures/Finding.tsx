/** One finding of the doctor: what it is, which pictures, what can be done. */

import { useState } from "preact/hooks";
import type { Finding, Mend, PictureSet } from "../../api/types";
import { Button, Dialog, Thumbnail } from "../../parts";
import { edit, leaveOut, thumbnail } from "../../state/files";
import { named, t } from "../../words";
import { Pairs } from "./Pairs";

const SHOWN = 6; // pictures beside the words
const MOST = 200; // pictures of the dialog
const THUMBNAIL_PX = 160;
const SAYS_ALL = new Set(["broken", "duplicate", "near"]); // kinds whose title leaves nothing to add

export function FindingItem({ set, finding }: { set: PictureSet; finding: Finding }) {
  const [isOpen, setOpen] = useState(false);
  const { files } = finding;
  const n = files.length || 1;
  const isOut = finding.kind === "near" && set.edits.drop_near !== null;
  const title = named(`finding.${isOut ? "nearOut" : finding.kind}`, { n }, finding.text);
  const more = title === finding.text || SAYS_ALL.has(finding.kind) ? null : finding.text;
  return (
    <li class={`finding ${finding.kind === "broken" ? "bad" : ""}`}>
      <h3>{title}</h3>
      {more && <p class="small soft">{more}</p>}
      {files.length > 0 && (
        <button type="button" class="strip" onClick={() => setOpen(true)}>
          {files.slice(0, SHOWN).map((file) => <Thumb key={file} set={set} file={file} isBroken={finding.kind === "broken"} />)}
          <span class="small">{t(finding.pairs.length ? "finding.pairs" : "finding.show", { n })}</span>
        </button>
      )}
      <Mends set={set} finding={finding} />
      {isOpen && (
        <Dialog title={title} onClose={() => setOpen(false)} wide>
          {more && <p class="soft">{more}</p>}
          {finding.pairs.length ? <Pairs set={set} pairs={finding.pairs} /> : <Files set={set} finding={finding} />}
        </Dialog>
      )}
    </li>
  );
}

function Mends({ set, finding: { mends, files } }: { set: PictureSet; finding: Finding }) {
  if (!mends.length) return null;
  return (
    <div class="row">
      {mends.map((mend) => (
        <Button key={mend.action} onClick={() => void apply(set, mend, files)}>
          {named(mend.label_key, { n: files.length, size: mend.values.size?.join(" × ") ?? "" }, mend.action)}
        </Button>
      ))}
    </div>
  );
}

/** Do what mends a finding. */
export const apply = (set: PictureSet, { action, values }: Mend, files: readonly string[]): Promise<void> =>
  action === "leave out" ? leaveOut(set.name, files) : edit(set.name, values);

function Files({ set, finding }: { set: PictureSet; finding: Finding }) {
  const { files } = finding;
  return (
    <>
      <ul class="finding-files">
        {files.slice(0, MOST).map((file) => (
          <li key={file}>
            <Thumb set={set} file={file} isBroken={finding.kind === "broken"} />
            <span class="small">{file}</span>
            {finding.reasons?.[file] && <span class="small soft">{finding.reasons[file]}</span>}
            {finding.kind !== "broken" && <LeaveOut set={set} file={file} />}
          </li>
        ))}
      </ul>
      {files.length > MOST && <p class="soft">{t("finding.more", { n: files.length - MOST })}</p>}
    </>
  );
}

export function LeaveOut({ set, file }: { set: PictureSet; file: string }) {
  return (
    <Button kind="quiet" class="small" aria-label={t("finding.leaveOut", { file })} onClick={() => void leaveOut(set.name, [file])}>
      {t("files.leaveOut")}
    </Button>
  );
}

export function Thumb({ set, file, isBroken = false }: { set: PictureSet; file: string; isBroken?: boolean }) {
  if (isBroken) return <span class="thumb broken" aria-hidden="true">?</span>;
  return <Thumbnail class="thumb" src={thumbnail(set.name, file, THUMBNAIL_PX)} />;
}
