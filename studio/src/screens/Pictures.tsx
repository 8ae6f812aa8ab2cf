/** A set of pictures: what is in it, what the doctor says of it, which are used and as what. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { path, remove } from "../api/client";
import type { PictureSet } from "../api/types";
import { ask, attempt, ButtonLink, Empty, Menu } from "../parts";
import { bytes } from "../format";
import { go, href } from "../router";
import { chosen, classCounts, leaveOut, type Listed, makeReader, moveTo, putBack, shapeOf, type Shown } from "../state/files";
import { connection, forgetSet, sets, setsKnown } from "../state/store";
import { below, isUnderWay, type Gathered, uploader } from "../uploads";
import { t } from "../words";
import { AddPictures } from "./pictures/AddPictures";
import { ClassBar, NewClassDialog } from "./pictures/ClassBar";
import { Doctor } from "./pictures/Doctor";
import { FileGrid } from "./pictures/FileGrid";
import { PictureDialog } from "./pictures/PictureDialog";
import { makeSelection } from "./pictures/selection";
import { SelectionBar } from "./pictures/SelectionBar";
import { UploadPanel } from "./pictures/UploadPanel";
import "./pictures/pictures.css";

export function PicturesScreen({ name }: { name: string }) {
  const set = sets.value.get(name);
  if (set) return <SetScreen set={set} />;
  if (!setsKnown.value || connection.value === "waiting") return <p class="soft">{t("loading")}</p>;
  return (
    <Empty whole title={t("set.goneTitle", { name })} text={t("set.goneText")}>
      <ButtonLink href={href(["sets"])}>{t("nav.sets")}</ButtonLink>
    </Empty>
  );
}

function SetScreen({ set }: { set: PictureSet }) {
  const { name } = set;
  const listed = useFiles(set);
  const shown = useSignal<Shown>({ kind: "used" });
  const selection = useMemo(makeSelection, []);
  const [opened, setOpened] = useState<string | null>(null);
  const [naming, setNaming] = useState<readonly string[] | null>(null); // files that a new class is for
  const isChanging = uploader.all.value.has(name) && isUnderWay(uploader.all.value.get(name)!);
  const files = useMemo(() => chosen(listed.files, set, shown.value), [listed.files, set.edits, shown.value]);
  const counts = useMemo(() => classCounts(listed.files, set), [listed.files, set.edits]);
  const classes = [...counts.keys()].filter(Boolean);
  const selected = [...selection.files.value];
  const areLeftOut = shown.value.kind === "left out";
  const leftOut = set.edits.left_out.length;

  const add = ({ folder, files: found }: Gathered) => void uploader.add(name, below(folder, found));
  const done = (work: Promise<void>) => {
    selection.clear();
    void work;
  };
  const move = (moved: readonly string[], label: string | null) => done(moveTo(name, moved, label));
  const out = (files: readonly string[]) => done(leaveOut(name, files));
  const back = (files: readonly string[]) => done(putBack(name, files));
  return (
    <div class="screen pictures">
      <header class="row spread head">
        <div>
          <h1>{name}</h1>
          <p class="soft">{[t("set.count", { n: set.count }), set.bytes ? bytes(set.bytes) : "", set.kind === "dropped" ? t("set.dropped") : set.source].filter(Boolean).join(", ")}</p>
        </div>
        <div class="row">
          <ButtonLink kind="main" href={href(["train"], { set: name })}>{t("set.train")}</ButtonLink>
          <Menu label={t("action.more", { name })} items={[{ label: t("action.delete"), icon: "trash", danger: true, onSelect: () => void deleteSet(set) }]} />
        </div>
      </header>
      {set.kind === "dropped" && <AddPictures title={t("add.more")} onGathered={add} />}
      {set.problem && <p class="warn" role="alert">{set.problem}</p>}
      <UploadPanel name={name} />
      <div class="gallery-and-doctor">
        <section class="gallery" aria-label={t("set.pictures")}>
          <ClassBar
            counts={counts} used={set.count} leftOut={leftOut} shown={shown.value} onMove={move} onLeaveOut={out} onPutBack={back}
            onShow={(next) => { shown.value = next; selection.clear(); }} onNew={(dropped) => setNaming(dropped ?? selected)}
          />
          {selected.length > 0 && (
            <SelectionBar
              n={selected.length} classes={classes} areLeftOut={areLeftOut} onMove={(label) => move(selected, label)} onNew={() => setNaming(selected)}
              onLeaveOut={() => out(selected)} onPutBack={() => back(selected)} onAll={() => selection.choose(files.map(({ file }) => file))}
              onClear={() => selection.clear()}
            />
          )}
          {files.length === 0 && listed.isWhole && <p class="soft nothing">{t(listed.files.length ? "set.noneShown" : "set.empty")}</p>}
          <FileGrid set={set} files={files} selection={selection} onOpen={setOpened} onRemove={() => (areLeftOut ? back : out)(selected)} />
        </section>
        {set.count > 0 && <Doctor set={set} isChanging={isChanging} />}
      </div>
      {opened !== null && (
        <PictureDialog
          set={set} files={files} at={files.findIndex(({ file }) => file === opened)} shape={shapeOf(set)} classes={classes}
          onGo={(at) => setOpened(files[at]?.file ?? null)} onClose={() => setOpened(null)}
        />
      )}
      {naming && (
        <NewClassDialog n={naming.length} taken={classes} onClose={() => setNaming(null)} onName={(label) => { setNaming(null); move(naming, label); }} />
      )}
    </div>
  );
}

/** The files of a set, read again when there are more or fewer. */
function useFiles(set: PictureSet): Listed {
  const reader = useMemo(() => makeReader(set.name), []);
  useEffect(() => reader.read(), [set.count]);
  useEffect(() => reader.stop, []);
  return reader.listed.value;
}

async function deleteSet(set: PictureSet): Promise<void> {
  const text = t(set.kind === "dropped" ? "set.deleteDropped" : "set.deleteNamed", { n: set.count });
  if (!(await ask({ title: t("delete.title", { name: set.name }), text, confirm: t("delete.confirm"), danger: true }))) return;
  if ((await attempt(remove(path(["api", "sets", set.name])), t("delete.done", { name: set.name }))) === undefined) return;
  forgetSet(set.name);
  go(["sets"]);
}
