import { useEffect, useRef, useState } from "preact/hooks";
import { Button, ButtonLink, Select } from "../parts";
import { href, place, setQuery } from "../router";
import { useDetail } from "../state/detail";
import { t } from "../words";
import { PageFrame } from "./play/PageFrame";
import "./play.css";

/** The published page of a moment, as large as the screen if wanted. */
export function PlayScreen({ name }: { name: string }) {
  const { at = "best", seed } = place.value.query;
  const [isMade, setMade] = useState(false);
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => { document.title = `${name} – ${t("action.explore")}`; }, [name]);
  return (
    <div class="screen play">
      <div class="row spread">
        <div class="row">
          <ButtonLink kind="quiet" icon="left" href={href(["runs", name])}>{t("play.back")}</ButtonLink>
          <h1>{name}</h1>
        </div>
        <div class="row">
          <MomentChoice name={name} at={at} />
          <Button icon="expand" disabled={!isMade} onClick={() => void frame.current?.requestFullscreen()}>
            {t("play.full")}
          </Button>
        </div>
      </div>
      <PageFrame run={name} at={at} seed={seed} frame={frame} onMade={setMade} />
    </div>
  );
}

function MomentChoice({ name, at }: { name: string; at: string }) {
  const kept = useDetail(name).value.run?.moments.filter((moment) => moment.kept) ?? [];
  const moments = new Set([...(/^\d+$/.test(at) ? [Number(at)] : []), ...kept.map(({ images }) => images)]);
  const choices = [
    { value: "best", label: t("play.best") },
    { value: "last", label: t("play.last") },
    ...[...moments].sort((one, other) => other - one).map((n) => ({ value: String(n), label: t("images", { n }) })),
  ];
  const choose = (value: string) => setQuery({ at: value === "best" ? null : value });
  return <Select label={t("play.moment")} value={at} choices={choices} onInput={choose} />;
}
