/** All sets of pictures, and ways to a new one. */

import { useEffect, useState } from "preact/hooks";
import { get, path } from "../api/client";
import type { PictureSet, SetFile } from "../api/types";
import { ago } from "../format";
import { Thumbnail } from "../parts";
import { href } from "../router";
import { sets, setsKnown } from "../state/store";
import { t } from "../words";
import { AddPictures } from "./pictures/AddPictures";
import { dropIntoNewSet } from "./pictures/newSet";
import { OtherSources } from "./pictures/OtherSources";
import "./pictures/sets.css";

const IN_A_MOSAIC = 8;

export function SetsScreen() {
  const all = [...sets.value.values()].sort((one, other) => other.changed - one.changed);
  return (
    <div class="screen">
      <h1>{t("sets.title")}</h1>
      <AddPictures title={t("add.title")} large={setsKnown.value && all.length === 0} onGathered={(gathered) => void dropIntoNewSet(gathered)}><OtherSources /></AddPictures>
      <p class="soft small">{t("add.untouched")}</p>
      <ul class="set-list">{all.map((set) => <li key={set.name}><SetCard set={set} /></li>)}</ul>
    </div>
  );
}

function SetCard({ set }: { set: PictureSet }) {
  const classes = Object.keys(set.classes).length;
  return (
    <a class="set-card" href={href(["sets", set.name])}>
      <Mosaic set={set} />
      <h2>{set.name}</h2>
      <p class="soft small">
        {[t("set.count", { n: set.count }), classes > 1 ? t("set.classes", { n: classes }) : "", ago(set.changed)].filter(Boolean).join(" · ")}
      </p>
    </a>
  );
}

/** A few pictures of a set. */
export function Mosaic({ set, n = IN_A_MOSAIC }: { set: PictureSet; n?: number }) {
  const [files, setFiles] = useState<SetFile[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const asked = path(["api", "sets", set.name, "files"], { offset: 0, limit: n });
    get<SetFile[]>(asked, stop.signal).then(setFiles, () => undefined); // a set without its pictures is shown without
    return () => stop.abort();
  }, [set.name, set.count]);
  return (
    <span class="mosaic" style={{ "--n": n / 2 }}>
      {Array.from({ length: n }, (_, at) => files[at] ? <Thumbnail key={at} src={files[at].thumbnail} /> : <i key={at} />)}
    </span>
  );
}
