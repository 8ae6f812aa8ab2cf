/** The second choice: how large. Each size shows one of the pictures as the network would see it. */

import { useEffect, useState } from "preact/hooks";
import { get, path } from "../../api/client";
import type { PictureSet, SetFile } from "../../api/types";
import { Choices, NumberField, Thumbnail } from "../../parts";
import { size as sizeOf } from "../../format";
import { crop } from "../../state/files";
import { t } from "../../words";
import { isSize, nearestSide, sidesOf, SIZES, sizeText } from "./choices";

export interface SizeChoiceProps {
  set: PictureSet | undefined;
  value: [number, number];
  /** The size of what the run begins with, which no other can be. */
  fixed: [number, number] | null;
  onInput: (size: [number, number]) => void;
}

export function SizeChoice({ set, value, fixed, onInput }: SizeChoiceProps) {
  const file = useFirstFile(set);
  const [isOther, setOther] = useState(!SIZES.some((px) => String(px) === sizeText(value)));
  const [width, height] = value;
  const ratio = width / height;
  // Sizes keep the shape that was chosen: 96 x 64 becomes 192 x 128.
  const offered = SIZES.map((px): [number, number] => (ratio >= 1 ? [nearestSide(px * ratio), px] : [px, nearestSide(px / ratio)]));
  const choices = (fixed ? [fixed] : offered.filter(isSize)).map((sides) => ({ value: sizeText(sides), label: <Face file={file} set={set} sides={sides} /> }));
  const isOffered = choices.some((choice) => choice.value === sizeText(value));
  const showsOther = !fixed && (isOther || !isOffered);
  const choose = (text: string) => {
    const sides = sidesOf(text);
    setOther(!sides);
    if (sides) onInput(sides);
  };
  return (
    <section class="choice-block size-choice" aria-labelledby="train-size">
      <h2 id="train-size"><i>2</i>{t("train.size")}</h2>
      <Choices
        label={t("train.size")} hideLabel look="cards" value={showsOther ? "other" : sizeText(value)} onInput={choose}
        choices={fixed ? choices : [...choices, { value: "other", label: <><span class="face other">W×H</span><strong>{t("train.otherSize")}</strong><span class="soft small">{t("train.otherSizeText")}</span></> }]}
      />
      {fixed && <p class="soft small">{t("train.fixedSize")}</p>}
      {showsOther && (
        <div class="row sides">
          <NumberField label={t("train.width")} value={width} unit="px" min={16} max={1024} step={4} onInput={(side) => onInput([side ?? 0, height])} error={sideFault(width)} />
          <NumberField label={t("train.height")} value={height} unit="px" min={16} max={1024} step={4} onInput={(side) => onInput([width, side ?? 0])} error={sideFault(height)} />
        </div>
      )}
    </section>
  );
}

const sideFault = (side: number): string | null => (isSize([side]) ? null : t("train.sideFault", { nearest: nearestSide(side) }));

function Face({ set, file, sides: [width, height] }: { set: PictureSet | undefined; file: SetFile | null; sides: [number, number] }) {
  const px = Math.max(width, height);
  const words = { 32: "train.size32", 64: "train.size64", 128: "train.size128", 256: "train.size256" } as const;
  const about = words[px as keyof typeof words];
  return (
    <>
      <span class="face">{set && file && <Thumbnail src={crop(set.name, file.file, `${width}x${height}`, set.edits)} />}</span>
      <strong>{sizeOf(width, height)}</strong>
      {about && <span class="soft small">{t(about)}</span>}
    </>
  );
}

/** A picture of the set that is used. */
function useFirstFile(set: PictureSet | undefined): SetFile | null {
  const [file, setFile] = useState<SetFile | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    setFile(null);
    if (!set) return;
    const out = new Set(set.edits.left_out);
    get<SetFile[]>(path(["api", "sets", set.name, "files"], { offset: 0, limit: 20 }), stop.signal).then(
      (files) => setFile(files.find((each) => !out.has(each.file)) ?? null),
      () => undefined, // a set that cannot be listed is shown without
    );
    return () => stop.abort();
  }, [set?.name]);
  return file;
}
