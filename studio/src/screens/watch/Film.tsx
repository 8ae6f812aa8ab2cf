import { useEffect, useRef, useState } from "preact/hooks";
import { address } from "../../api/client";
import type { RunDetail } from "../../api/types";
import { Button, ButtonLink, IconButton, Menu, type MenuItem, Sheet, Slider } from "../../parts";
import { href, place, setQuery } from "../../router";
import { sheetOf, sheetShape } from "../../state/moments";
import { t } from "../../words";
import { keptAt, type Standing } from "./film";

const FRAME_MS = 160; // about six moments a second: slow enough to see what changes
const AHEAD = 3; // moments on both sides that are fetched before they are asked for

interface FilmProps {
  run: RunDetail;
  film: Standing;
  /** A moment that is pointed at in a curve. */
  hovered: number | null;
}

/** The same seeds over the whole run: the sheet, the slider over it, and what may be done with this moment. */
export function Film({ run, film, hovered }: FilmProps) {
  const { name } = run;
  const [columns, rows] = sheetShape(run.width, run.height, run.settings);
  const shown = hovered ?? film.shown;
  const seed = place.value.query["seed"];
  const { isPlaying, toggle, stop, onLoad } = usePlaying(film);
  useAhead(name, film);
  return (
    <section class="film" aria-label={t("film.label")}>
      <Sheet
        src={shown === null ? null : sheetOf(name, shown)} columns={columns} rows={rows} onLoad={onLoad}
        alt={shown === null ? t("film.none") : t("film.at", { n: shown })} name={(index) => t("seed.named", { seed: String(index) })}
        selected={seed && Number(seed) < columns * rows ? Number(seed) : null} onPick={(index) => setQuery({ seed: index })}
      />
      <div class="film-bar">
        <IconButton
          icon={isPlaying ? "pause" : "play"} label={t(isPlaying ? "film.pause" : "film.play")} disabled={film.drawn.length < 2}
          onClick={toggle}
        />
        <Slider
          label={t("film.slider")} hideLabel hideText min={0} max={Math.max(film.drawn.length - 1, 0)} value={film.index}
          text={shown === null ? t("film.none") : t("images", { n: shown })}
          onInput={(index) => { stop(); setQuery({ at: film.drawn[index] ?? null }); }}
        />
        <output class="numbers small">{shown === null ? "" : t("images", { n: shown })}</output>
        <Button kind="quiet" aria-pressed={film.isLive} onClick={() => setQuery({ at: null })}>{t("film.newest")}</Button>
      </div>
      {film.shown !== null && <MomentActions run={run} at={film.shown} />}
    </section>
  );
}

function MomentActions({ run, at }: { run: RunDetail; at: number }) {
  const kept = keptAt(run, at);
  const items: MenuItem[] = [];
  if (run.best_images !== null) items.push({ label: t("film.best"), icon: "check", onSelect: () => setQuery({ at: run.best_images }) });
  items.push({ label: t("film.compare"), icon: "compare", href: href(["compare"], { runs: run.name, at }) });
  if (run.film) items.push({ label: t("film.download"), icon: "save", href: address(run.film) });
  return (
    <div class="row">
      <ButtonLink icon="fork" href={href(["train"], { from: run.name, at: kept })}>{t("film.fork")}</ButtonLink>
      <ButtonLink icon="dice" href={href(["play", run.name], { at: kept })}>{t("film.explore")}</ButtonLink>
      <ButtonLink icon="save" href={address(sheetOf(run.name, at))} download={`${run.name}-${at}.png`}>{t("film.save")}</ButtonLink>
      <Menu label={t("film.more")} items={items} />
    </div>
  );
}

/** Playing: the next moment once the last one is seen, from the beginning where it stands at the end. */
function usePlaying(film: Standing) {
  const [isPlaying, setPlaying] = useState(false);
  const timer = useRef(0);
  const last = film.drawn.length - 1;
  const show = (index: number) => setQuery({ at: index >= last ? null : (film.drawn[index] ?? null) });

  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (isPlaying && film.index >= last) setPlaying(false);
  }, [isPlaying, film.index]);

  const stop = () => {
    clearTimeout(timer.current);
    setPlaying(false);
  };
  return {
    isPlaying,
    stop,
    toggle() {
      if (isPlaying) return stop();
      if (film.index >= last) show(0);
      else timer.current = window.setTimeout(() => show(film.index + 1), FRAME_MS);
      setPlaying(true);
    },
    onLoad() {
      clearTimeout(timer.current);
      if (isPlaying) timer.current = window.setTimeout(() => show(film.index + 1), FRAME_MS);
    },
  };
}

function useAhead(name: string, film: Standing): void {
  useEffect(() => {
    for (const images of film.drawn.slice(Math.max(film.index - AHEAD, 0), film.index + AHEAD + 1)) {
      new Image().src = address(sheetOf(name, images));
    }
  }, [name, film.index]);
}
