/** One picture of a set: what the network sees of it, its class, whether it is used. */

import { useEffect, useState } from "preact/hooks";
import { address } from "../../api/client";
import type { CropWindow, PictureSet, SetFile } from "../../api/types";
import { Button, Dialog, IconButton, Picture, Select } from "../../parts";
import { bytes, size as sizeOf } from "../../format";
import { crop, decisions, leaveOut, moveTo, putBack, setWindow, thumbnail } from "../../state/files";
import { t } from "../../words";
import { CropEditor } from "./CropEditor";
import { isMiddle, middle, pixelsIn, type Sides } from "./cropWindow";

const SHOWN_PX = 960;

export interface PictureDialogProps {
  set: PictureSet;
  files: readonly SetFile[];
  at: number;
  shape: Sides;
  classes: readonly string[];
  onGo: (at: number) => void;
  onClose: () => void;
}

export function PictureDialog({ set, files, at, shape, classes, onGo, onClose }: PictureDialogProps) {
  const file = files[at];
  if (!file) return null;
  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.target as HTMLElement).matches("input, select")) return;
    if (event.key === "ArrowRight") onGo(Math.min(at + 1, files.length - 1));
    else if (event.key === "ArrowLeft") onGo(Math.max(at - 1, 0));
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={file.file} onClose={onClose} wide>
      <div class="picture-dialog" onKeyDown={onKeyDown}>
        <One key={file.file} set={set} file={file} shape={shape} classes={classes} />
        <div class="row spread">
          <div class="row">
            <IconButton icon="left" label={t("picture.previous")} disabled={at === 0} onClick={() => onGo(at - 1)} />
            <span class="soft small numbers">{t("picture.of", { at: at + 1, n: files.length })}</span>
            <IconButton icon="right" label={t("picture.next")} disabled={at === files.length - 1} onClick={() => onGo(at + 1)} />
          </div>
          <Button kind="main" onClick={onClose}>{t("picture.done")}</Button>
        </div>
      </div>
    </Dialog>
  );
}

function One({ set, file, shape, classes }: { set: PictureSet; file: SetFile; shape: Sides; classes: readonly string[] }) {
  const decided = decisions(set);
  const picture = useSides(set, file);
  const kept = decided.windowOf(file);
  const [window, setMoving] = useState<CropWindow>(kept ?? middle(picture, shape));
  useEffect(() => setMoving(kept ?? middle(picture, shape)), [kept?.join(), shape.width, shape.height, picture.width, picture.height]);
  const isOut = decided.isLeftOut(file.file);
  const isCropped = set.edits.fit === "crop";
  const rest = (next: CropWindow) => void setWindow(set.name, file.file, isMiddle(next, picture, shape) ? null : next);
  const label = decided.classOf(file);
  const named = [...new Set([...classes, label])].filter(Boolean);
  const isEnlarged = pixelsIn(isCropped ? window : middle(picture, shape), picture, shape) < shape.width;
  return (
    <div class="picture-one">
      <div class="stage">
        {isCropped
          ? <CropEditor src={thumbnail(set.name, file.file, SHOWN_PX)} name={file.file} picture={picture} shape={shape} window={window} onMove={setMoving} onRest={rest} />
          : <Picture src={thumbnail(set.name, file.file, SHOWN_PX)} alt={file.file} width={picture.width} height={picture.height} />}
      </div>
      <div class="stack">
        <figure class="seen">
          <Picture src={crop(set.name, file.file, `${shape.width}x${shape.height}`, set.edits, kept)} alt="" width={shape.width} height={shape.height} />
          <figcaption class="small soft">{t("picture.seen", { size: sizeOf(shape.width, shape.height) })}</figcaption>
        </figure>
        {isEnlarged && <p class="small warn">{t("picture.enlarged")}</p>}
        <p class="small soft numbers">{sizeOf(picture.width, picture.height)} · {bytes(file.bytes)}</p>
        {isCropped && <p class="small soft" id="crop-help">{t("crop.help")}</p>}
        <div class="row">
          <Button onClick={() => void (isOut ? putBack : leaveOut)(set.name, [file.file])}>{t(isOut ? "files.putBack" : "files.leaveOut")}</Button>
          {kept && <Button kind="quiet" icon="back" onClick={() => void setWindow(set.name, file.file, null)}>{t("crop.reset")}</Button>}
        </div>
        {named.length > 0 && (
          <Select
            label={t("picture.class")} value={label} onInput={(next) => void moveTo(set.name, [file.file], next || null)}
            choices={[{ value: "", label: t(label && !set.edits.classes[file.file] ? "class.fromFolder" : "class.none") }, ...named.map((name) => ({ value: name, label: name }))]}
          />
        )}
      </div>
    </div>
  );
}

/** The sides of a picture; where the list does not know them, those of its thumbnail, which has the same shape. */
function useSides(set: PictureSet, { file, width, height }: SetFile): Sides {
  const [measured, setMeasured] = useState<Sides>({ width: 1, height: 1 });
  useEffect(() => {
    if (width !== null && height !== null) return;
    const image = new Image();
    image.src = address(thumbnail(set.name, file, SHOWN_PX));
    image.onload = () => setMeasured({ width: image.naturalWidth, height: image.naturalHeight });
  }, [file]);
  return width !== null && height !== null ? { width, height } : measured;
}
