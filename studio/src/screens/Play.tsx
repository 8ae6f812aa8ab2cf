import { useEffect, useRef, useState } from "preact/hooks";
import { address, path, post, sentence } from "../api/client";
import type { Job } from "../api/types";
import { Button, ButtonLink, Empty, Progress, Select } from "../parts";
import { href, place, setQuery } from "../router";
import { useDetail } from "../state/detail";
import { jobDone } from "../state/jobs";
import { t } from "../words";
import "./play.css";

type Opened = { url: string } | { problem: string } | null;

/** The published page of a moment: made here, framed, and as large as the screen if wanted. */
export function PlayScreen({ name }: { name: string }) {
  const { at = "best", seed } = place.value.query;
  const [opened, setOpened] = useState<Opened>(null);
  const [tries, setTries] = useState(0);
  const frame = useRef<HTMLIFrameElement>(null);

  useEffect(() => { document.title = `${name} – ${t("action.explore")}`; }, [name]);
  useEffect(() => {
    let isCurrent = true;
    setOpened(null);
    post<Job>(path(["api", "runs", name, "explore"]), { at: /^\d+$/.test(at) ? Number(at) : at })
      .then(jobDone)
      .then(({ url }) => isCurrent && setOpened({ url: String(url) }))
      .catch((error: unknown) => isCurrent && setOpened({ problem: sentence(error) }));
    return () => { isCurrent = false; };
  }, [name, at, tries]);

  return (
    <div class="screen play">
      <div class="row spread">
        <div class="row">
          <ButtonLink kind="quiet" icon="left" href={href(["runs", name])}>{t("play.back")}</ButtonLink>
          <h1>{name}</h1>
        </div>
        <div class="row">
          <MomentChoice name={name} at={at} />
          <Button icon="expand" disabled={!opened || "problem" in opened} onClick={() => void frame.current?.requestFullscreen()}>
            {t("play.full")}
          </Button>
        </div>
      </div>
      {opened === null && (
        <div class="play-frame waiting">
          <p class="soft">{t("play.making")}</p>
          <Progress share={null} label={t("play.making")} />
        </div>
      )}
      {opened && "problem" in opened && (
        <Empty title={t("play.failed")} text={opened.problem}>
          <Button onClick={() => setTries(tries + 1)}>{t("action.retry")}</Button>
        </Empty>
      )}
      {opened && "url" in opened && (
        <iframe
          ref={frame} class="play-frame" title={t("play.frame", { name })} src={address(opened.url) + (seed ? `#seed=${seed}` : "")}
          allow="fullscreen; camera; microphone; midi; clipboard-write; autoplay"
        />
      )}
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
