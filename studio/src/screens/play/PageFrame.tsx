/** The published page of a moment, made by the server and framed; what is there until it is, and where it cannot be. */

import type { Ref } from "preact";
import { useEffect, useState } from "preact/hooks";
import { address, path, post, sentence } from "../../api/client";
import type { Job } from "../../api/types";
import { Button, Empty, Progress } from "../../parts";
import { jobDone } from "../../state/jobs";
import { moment } from "../../state/moments";
import { t } from "../../words";
import "./page-frame.css";

type Made = { url: string } | { problem: string } | null;

/** What the page says, as it would when published. */
export interface Words {
  title: string;
  about: string;
  licence: string;
}

interface Props {
  run: string;
  at: string; // images, "best" or "last"
  words?: Words;
  seed?: string | undefined;
  frame?: Ref<HTMLIFrameElement>;
  onMade?: (isMade: boolean) => void;
}

export function PageFrame({ run, at, words, seed, frame, onMade }: Props) {
  const [made, setMade] = useState<Made>(null);
  const [tries, setTries] = useState(0);

  useEffect(() => {
    let isCurrent = true;
    setMade(null);
    post<Job>(path(["api", "runs", run, "explore"]), { at: moment(at), ...words })
      .then(jobDone)
      .then(({ url }) => isCurrent && setMade({ url: String(url) }))
      .catch((error: unknown) => isCurrent && setMade({ problem: sentence(error) }));
    return () => { isCurrent = false; };
  }, [run, at, words, tries]);
  useEffect(() => onMade?.(made !== null && "url" in made), [made]);

  if (made === null) {
    return (
      <div class="page-frame waiting">
        <p class="soft">{t("play.making")}</p>
        <Progress share={null} label={t("play.making")} />
      </div>
    );
  }
  if ("problem" in made) {
    return (
      <Empty title={t("play.failed")} text={made.problem}>
        <Button onClick={() => setTries(tries + 1)}>{t("action.retry")}</Button>
      </Empty>
    );
  }
  return (
    <iframe
      ref={frame} class="page-frame" title={t("play.frame", { name: run })} src={address(made.url) + (seed ? `#seed=${seed}` : "")}
      allow="fullscreen; camera; microphone; midi; clipboard-write; autoplay"
    />
  );
}
