import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import "./dropzone.css";

export interface DropZoneProps {
  /** Read-out name of the button that opens the file chooser. */
  label: string;
  onFiles: (files: DataTransfer | FileList) => void;
  accept?: string;
  children: ComponentChildren;
}

/** A ground that files may be dropped on, or chosen for by a press anywhere on it. */
export function DropZone({ label, onFiles, accept, children }: DropZoneProps) {
  const [over, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const onDrag = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    setOver(event.type === "dragover");
  };
  return (
    <div
      class={over ? "dropzone over" : "dropzone"} onDragOver={onDrag} onDragLeave={onDrag}
      onDrop={(event) => { onDrag(event); if (event.dataTransfer?.files.length) onFiles(event.dataTransfer); }}
    >
      <button type="button" class="dropzone-press" aria-label={label} onClick={() => chooser.current?.click()} />
      <input
        ref={chooser} type="file" multiple hidden accept={accept}
        onChange={({ currentTarget }) => { if (currentTarget.files) onFiles(currentTarget.files); currentTarget.value = ""; }}
      />
      {children}
    </div>
  );
}
