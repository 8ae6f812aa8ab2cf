import { useState } from "preact/hooks";
import { address } from "../../api/client";
import type { RunDetail } from "../../api/types";
import { Button, ButtonLink, Card, IconButton, NumberField, openDialog, Picture, Select, Sheet, shapeOf, tell } from "../../parts";
import { href, place, setQuery } from "../../router";
import { t } from "../../words";
import { keptAt, type Standing } from "./film";
import { AT_ONCE, type Draw, drawNew, drawnAt, drawsOf } from "./draws";
import { WalkDialog } from "./WalkDialog";
import "./seeds.css";

/** Draw new pictures, also while it trains; what was drawn stays, and each picture's seed is a press away. */
export function Seeds({ run, film }: { run: RunDetail; film: Standing }) {
  const at = film.shown === null ? null : keptAt(run, film.shown);
  const asked = place.value.query["seed"];
  const seed = asked !== undefined && /^\d+$/.test(asked) ? Number(asked) : null;
  const label = place.value.query["label"] ?? null;
  const draws = drawsOf(run.name).value;
  if (at === null) return <Card title={t("seeds.title")}><p class="soft">{t("seeds.none")}</p></Card>;
  return (
    <Card title={t("seeds.title")} class="seeds">
      {seed !== null && <OneSeed run={run} seed={seed} at={at} label={label} />}
      <div class="row seeds-ask">
        {run.classes.length > 0 && (
          <Select
            label={t("seeds.class")} value={label ?? ""} onInput={(value) => setQuery({ label: value })}
            choices={[{ value: "", label: t("seeds.anyClass") }, ...run.classes.map((value) => ({ value, label: value }))]}
          />
        )}
        <Button icon="dice" onClick={() => drawNew(run.name, at, label)}>{t("seeds.draw", { n: AT_ONCE })}</Button>
        <NumberField
          label={t("seeds.number")} value={seed} min={0} step={1}
          onInput={(value) => setQuery({ seed: value === null ? null : Math.max(0, Math.round(value)) })}
        />
        <Button onClick={() => openDialog(<WalkDialog run={run} at={at} seed={seed} />)}>{t("walk.open")}</Button>
      </div>
      {draws.length === 0 && <p class="soft small">{t("seeds.hint")}</p>}
      {draws.length > 0 && (
        <ol class="draws">
          {draws.map((draw) => <DrawnSheet key={`${draw.first}@${draw.at}`} run={run} draw={draw} seed={seed} />)}
        </ol>
      )}
    </Card>
  );
}

function OneSeed({ run, seed, at, label }: { run: RunDetail; seed: number; at: number; label: string | null }) {
  const src = drawnAt(run.name, seed, at, label);
  const copy = async () => {
    const link = new URL(href(["runs", run.name], { at, seed, label }), location.href).href;
    await navigator.clipboard.writeText(link);
    tell(t("seed.copied"));
  };
  return (
    <figure class="one-seed">
      <Picture src={src} alt={t("seed.alt", { seed: String(seed), n: at })} width={run.width} height={run.height} />
      <figcaption>
        <h3>{t("seed.named", { seed: String(seed) })}</h3>
        <p class="soft small numbers">{t("seed.at", { n: at })}</p>
        <div class="row">
          <IconButton icon="left" label={t("seed.previous")} disabled={seed === 0} onClick={() => setQuery({ seed: seed - 1 })} />
          <IconButton icon="right" label={t("seed.next")} onClick={() => setQuery({ seed: seed + 1 })} />
          <IconButton icon="link" label={t("seed.copy")} onClick={() => void copy()} />
          <IconButton icon="close" label={t("seed.close")} onClick={() => setQuery({ seed: null })} />
        </div>
        <div class="row">
          <ButtonLink icon="save" href={address(src)} download={`${run.name}-${at}-seed-${seed}.png`}>{t("action.savePicture")}</ButtonLink>
          <ButtonLink icon="dice" href={href(["play", run.name], { at, seed })}>{t("action.explore")}</ButtonLink>
        </div>
      </figcaption>
    </figure>
  );
}

function DrawnSheet({ run, draw, seed }: { run: RunDetail; draw: Draw; seed: number | null }) {
  const [[columns, rows], setShape] = useState<[number, number]>([4, 4]);
  const name = (index: number) => t("seed.named", { seed: String(draw.first + index) });
  const selected = seed === null ? -1 : seed - draw.first;
  return (
    <li>
      <Sheet
        src={drawnAt(run.name, [draw.first, AT_ONCE], draw.at, draw.label)} columns={columns} rows={rows} name={name}
        alt={t("seeds.sheet", { n: draw.at })} selected={selected >= 0 && selected < AT_ONCE ? selected : null}
        onLoad={({ naturalWidth, naturalHeight }) => setShape(shapeOf(AT_ONCE, { width: naturalWidth, height: naturalHeight }, run))}
        onPick={(index) => setQuery({ seed: draw.first + index, at: draw.at, label: draw.label })}
      />
      <p class="soft small numbers">{t("images", { n: draw.at })}</p>
    </li>
  );
}
