/** What is chosen for a training. It stands in the address, so that it can be kept, sent and gone back to. */

import type { PictureSet, SettingInfo, StartAt, TrainRequest } from "../../api/types";
import { fault } from "../settings/check";

export const SIZES = [32, 64, 128, 256] as const; // px of a side
export const TIMES = [300, 900, 3_600, 10_800, 28_800] as const; // seconds: five minutes to a night
const USUAL_SIZE: [number, number] = [64, 64];
export const USUAL_SECONDS = 900;
const SMALLEST_PX = 16, LARGEST_PX = 1024, STEP_PX = 4; // of ganvas.settings

export interface Choices {
  set: string | null;
  /** Pictures that are no set, as of a run of the terminal; only where `set` is null. */
  source: string | null;
  size: [number, number];
  /** null: no such limit. */
  seconds: number | null;
  images: number | null;
  until: "limit" | "plateau";
  recipe: string | null;
  name: string;
  start: StartAt | { model: string } | null;
  /** "section.field" -> value, of those that are another than the recipe's. */
  settings: Record<string, unknown>;
}

type Query = Record<string, string | number | null | undefined>;

/** The choices that an address holds; what it does not say follows from the set. */
export function choicesOf(query: Record<string, string>, sets: ReadonlyMap<string, PictureSet>): Choices {
  const latest = [...sets.values()].sort((one, other) => other.changed - one.changed)[0];
  const source = query["set"] === undefined ? (query["source"] ?? null) : null;
  const set = query["set"] ?? (source === null ? (latest?.name ?? null) : null);
  const size = sidesOf(query["size"] ?? "") ?? (set === null ? null : sets.get(set)?.edits.size) ?? USUAL_SIZE;
  const seconds = positive(query["seconds"]);
  const images = positive(query["images"]);
  return {
    set,
    source,
    size,
    seconds: seconds ?? (images === null ? USUAL_SECONDS : null),
    images: images === null ? null : Math.round(images),
    until: query["until"] === "plateau" ? "plateau" : "limit",
    recipe: query["recipe"] ?? null,
    name: query["name"] ?? "",
    start: startOf(query),
    settings: settingsOf(query["settings"]),
  };
}

export function queryOf(changes: Partial<Choices>): Query {
  const query: Query = {};
  if ("set" in changes) query["set"] = changes.set;
  if ("source" in changes) query["source"] = changes.source;
  if (changes.size) query["size"] = sizeText(changes.size);
  if ("seconds" in changes) query["seconds"] = changes.seconds;
  if ("images" in changes) query["images"] = changes.images;
  if (changes.until) query["until"] = changes.until === "limit" ? null : changes.until;
  if ("recipe" in changes) query["recipe"] = changes.recipe;
  if ("name" in changes) query["name"] = changes.name;
  if (changes.settings) query["settings"] = Object.keys(changes.settings).length ? JSON.stringify(changes.settings) : null;
  if (changes.start === null) query["from"] = query["start"] = query["at"] = query["model"] = null;
  return query;
}

export const sizeText = ([width, height]: readonly [number, number]): string => (width === height ? String(width) : `${width}x${height}`);

/** "64" or "96x64" -> width and height, px; null where it is neither. */
export function sidesOf(text: string): [number, number] | null {
  const found = /^\s*(\d+)\s*(?:[x×]\s*(\d+)\s*)?$/.exec(text);
  return found ? [Number(found[1]), Number(found[2] ?? found[1])] : null;
}

/** Whether Ganvas works at that size. */
export const isSize = (sides: readonly number[]): boolean =>
  sides.every((side) => Number.isInteger(side) && side >= SMALLEST_PX && side <= LARGEST_PX && side % STEP_PX === 0);

/** The nearest side that there is. */
export const nearestSide = (px: number): number => Math.min(Math.max(Math.round(px / STEP_PX) * STEP_PX, SMALLEST_PX), LARGEST_PX);

export function requestFor(choices: Choices): TrainRequest {
  const { size, name, ...others } = choices;
  return { ...others, name: name.trim() || null, size: size[0] === size[1] ? size[0] : size };
}

/** Paths of the settings that cannot be as they are. */
export const faults = (settings: readonly SettingInfo[], values: Record<string, unknown>): string[] =>
  settings.filter((setting) => setting.path in values && fault(setting, values[setting.path]) !== null).map(({ path }) => path);

function positive(text: string | undefined): number | null {
  const value = Number(text);
  return text && Number.isFinite(value) && value > 0 ? value : null;
}

function startOf({ start, from = start, at, model }: Record<string, string>): Choices["start"] {
  if (from) return { run: from, images: at === undefined ? null : Number(at) };
  return model ? { model } : null;
}

function settingsOf(text: string | undefined): Record<string, unknown> {
  try {
    const said: unknown = JSON.parse(text ?? "{}");
    return typeof said === "object" && said !== null && !Array.isArray(said) ? (said as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
