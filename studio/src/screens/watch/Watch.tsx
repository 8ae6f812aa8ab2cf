import { useState } from "preact/hooks";
import type { RunDetail } from "../../api/types";
import { Empty } from "../../parts";
import { place, setQuery } from "../../router";
import { momentAt } from "../../state/moments";
import { t } from "../../words";
import { Curves } from "./Curves";
import { Events } from "./Events";
import { Film } from "./Film";
import { standing } from "./film";
import { Judgement } from "./Judgement";
import { Scored } from "./Scored";
import { Seeds } from "./Seeds";
import { Vitals } from "./Vitals";
import "./watch.css";

/** A run as it goes, or went. Where the film stands is in the address: ?at= */
export function WatchTab({ run }: { run: RunDetail }) {
  const asked = Number(place.value.query["at"]);
  const film = standing(run, place.value.query["at"] && Number.isFinite(asked) ? asked : null);
  const [hovered, setHovered] = useState<number | null>(null);
  if (run.state === "queued") return <Empty title={t("watch.queued")} text={t("watch.queuedText")} />;
  return (
    <>
      <div class="watch">
        <Film run={run} film={film} hovered={hovered} />
        <div class="stack watch-side">
          <Vitals run={run} />
          <Judgement run={run} />
          <Seeds run={run} film={film} />
        </div>
      </div>
      <Curves
        columns={run.columns} at={hovered ?? film.shown} floor={run.floor_kd} until={run.images}
        onHover={(images) => setHovered(images === null ? null : (momentAt(film.drawn, images) ?? null))}
        onPick={(images) => setQuery({ at: momentAt(film.drawn, images) ?? null })}
      />
      <Scored run={run} />
      <Events events={run.events} />
    </>
  );
}

