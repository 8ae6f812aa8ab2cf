/** Where pictures are dropped, chosen or pasted: the large one of a first visit, and the slim one of a set. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button, DropZone, Icon } from "../../parts";
import { gather, type Gathered } from "../../uploads";
import { t } from "../../words";
import "./add.css";

export interface AddPicturesProps {
  onGathered: (gathered: Gathered) => void;
  title: string;
  large?: boolean;
  /** More ways, beside "choose files" and "choose a folder". */
  children?: ComponentChildren;
}

export function AddPictures({ title, onGathered, large = false, children }: AddPicturesProps) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useGiven(onGathered);
  const choose = (input: HTMLInputElement) => {
    if (input.files?.length) onGathered(gather([...input.files]));
    input.value = "";
  };
  return (
    <div class={large ? "add large" : "add"}>
      <DropZone label={t("add.label")} onFiles={(dropped) => onGathered(gather(dropped))}>
        <Icon name="upload" />
        <div class="add-words">
          <strong>{title}</strong>
          <span class="soft">{t("add.kinds")}</span>
        </div>
        <div class="row add-ways">
          <Button kind={large ? "main" : "plain"} onClick={() => files.current?.click()}>{t("add.files")}</Button>
          <Button icon="folder" onClick={() => folder.current?.click()}>{t("add.folder")}</Button>
          {children}
        </div>
      </DropZone>
      <input ref={files} type="file" multiple hidden onChange={(event) => choose(event.currentTarget)} />
      <input
        ref={(input) => { folder.current = input; if (input) input.webkitdirectory = true; }}
        type="file" hidden onChange={(event) => choose(event.currentTarget)}
      />
    </div>
  );
}

/** Pictures from the clipboard, unless something is typed, and what is dropped anywhere: a browser would open it instead. */
function useGiven(onGathered: (gathered: Gathered) => void): void {
  const latest = useRef(onGathered);
  latest.current = onGathered;
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const pasted = [...(event.clipboardData?.files ?? [])];
      if (!pasted.length || (event.target as HTMLElement).matches?.("input, textarea")) return;
      event.preventDefault();
      // Every picture that is copied is called image.png.
      const stamp = new Date().toISOString().slice(0, 19).replace(/\D/g, "");
      const named = pasted.map((file, at) => new File([file], `pasted-${stamp}-${at + 1}.${file.name.split(".").pop()}`, { type: file.type }));
      latest.current(gather(named));
    };
    const onDrag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      if (event.type === "drop") latest.current(gather(event.dataTransfer));
    };
    addEventListener("paste", onPaste);
    addEventListener("dragover", onDrag);
    addEventListener("drop", onDrag);
    return () => {
      removeEventListener("paste", onPaste);
      removeEventListener("dragover", onDrag);
      removeEventListener("drop", onDrag);
    };
  }, []);
}
