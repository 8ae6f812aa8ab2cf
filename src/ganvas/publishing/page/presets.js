// Presets: keyframes and how they are played, as JSON. The same file as ganvas/formats/preset.py, read as a stranger's.

import { fromLink, toLink, toSeed } from "./link.js";
import { LEAST_TEMPO, MOST_RADIUS, MOST_TEMPO, USUAL_TEMPO } from "./motion.js";
import { EASES } from "./paths.js";

export const MOST_BYTES = 4_000_000;
const MOST_POINT_LETTERS = 40_000;
const MOST_NAME_LETTERS = 100;
const MOST_LINK_LETTERS = 32_000; // that browsers and messengers pass on
export const MOST_KEYFRAMES = 1000;
export const LONGEST_SECONDS = 3600;
export const SHORTEST_SECONDS = 0.1;
const LEAST_SECONDS = 1e-6; // of a file's keyframe: a loop of no time has no moments
export const MOST_CELLS_A_SIDE = 8;

/** How something is played that says nothing of it. */
export const USUAL = {
  kind: "noise",
  radius: 0.6,
  seconds: 10,
  tempo: USUAL_TEMPO,
  seed: "0",
  columns: 1,
  rows: 1,
  isSmooth: true,
  isMirrored: false,
};

const isIn = (least, most, isWhole = false) => [
  (value) => typeof value === "number" && value >= least && value <= most && (!isWhole || Number.isInteger(value)),
  `${isWhole ? "a whole number" : "a number"} from ${least} to ${most}`,
];
const isBoolean = [(value) => typeof value === "boolean", "true or false"];
const PLAYED = {
  kind: [(value) => value === "tour" || value === "noise", "tour or noise"],
  radius: isIn(0, MOST_RADIUS),
  seconds: isIn(SHORTEST_SECONDS, LONGEST_SECONDS),
  tempo: isIn(LEAST_TEMPO, MOST_TEMPO),
  seed: [(value) => typeof value === "string" && toSeed(value) !== null, "a seed, as a text"],
  columns: isIn(1, MOST_CELLS_A_SIDE, true),
  rows: isIn(1, MOST_CELLS_A_SIDE, true),
  isSmooth: isBoolean,
  isMirrored: isBoolean,
};

/**
 * What is played -> a preset. `keyframes`: { point, seconds, ease } each, in seconds at the usual tempo; those of the
 * preset are at its own, so that whoever knows no tempo plays it as fast. `more`: what else the page keeps in it.
 */
export function toPreset({ name, keyframes, ...played }, description, more = {}) {
  const slower = USUAL_TEMPO / played.tempo;
  return {
    ganvas_preset: 1,
    model: description.published.sha256,
    name,
    keyframes: keyframes.map(({ point, seconds, ease }) => {
      return { point, seconds: Math.min(precise(seconds * slower), LONGEST_SECONDS), ease };
    }),
    page: { ...more, ...Object.fromEntries(Object.keys(PLAYED).map((each) => [each, played[each]])) },
  };
}

/** The way back: what is played, as `toPreset` takes it, and what else the page keeps. */
export function fromPreset({ name, keyframes, page }) {
  const own = Object.entries(page).filter(([each]) => Object.hasOwn(PLAYED, each));
  const played = { ...USUAL, kind: "tour", ...Object.fromEntries(own) };
  const faster = played.tempo / USUAL_TEMPO;
  const timed = keyframes.map((each) => ({ ...each, seconds: precise(each.seconds * faster) }));
  return { played: { ...played, name, keyframes: timed }, more: page };
}

export const precise = (seconds) => Math.max(Number(seconds.toFixed(6)), LEAST_SECONDS);

/** The preset in a text, if it is one of this model. Throws an Error whose message says what is wrong with it. */
export function readPreset(text, description) {
  expect(text.length <= MOST_BYTES, `it has more than ${MOST_BYTES.toLocaleString()} letters`);
  let given;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Error("That is no preset: it is no JSON");
  }
  return checkedPreset(given, description);
}

/** As `readPreset`, of what is parsed. */
export function checkedPreset(given, description) {
  expect(isObject(given) && given.ganvas_preset === 1, "it does not say that it is one");
  expectOnly(given, ["ganvas_preset", "model", "name", "keyframes", "page"], "it");
  const { model, name = "", keyframes, page = {} } = given;
  expect(/^[0-9a-f]{64}$/.test(model), "its model is no SHA-256");
  if (model !== description.published.sha256) {
    throw new Error(`That preset is of another model, ${model.slice(0, 12)}, whose pictures this one cannot draw`);
  }
  expect(typeof name === "string" && [...name].length <= MOST_NAME_LETTERS, "its name is no short text");
  const isList = Array.isArray(keyframes) && keyframes.length >= 1 && keyframes.length <= MOST_KEYFRAMES;
  expect(isList, `it needs 1 to ${MOST_KEYFRAMES} keyframes`);
  const checked = keyframes.map((each, at) => checkedKeyframe(each, `keyframe ${at + 1}`, description));
  expect(isObject(page), "its page is no object");
  for (const [each, [isGood, expected]] of Object.entries(PLAYED)) {
    expect(!Object.hasOwn(page, each) || isGood(page[each]), `its page's ${each} is not ${expected}`);
  }
  return { ganvas_preset: 1, model, name, keyframes: checked, page };
}

function checkedKeyframe(given, where, description) {
  expect(isObject(given), `${where} is no object`);
  expectOnly(given, ["point", "seconds", "ease"], where);
  const { point, seconds = 2, ease = "smooth" } = given;
  expect(typeof point === "string" && point.length <= MOST_POINT_LETTERS, `${where} has no point`);
  const wrong = wrongIn(point, description);
  expect(wrong === null, `${where}: ${wrong} of its point is none of this model's`);
  expect(typeof seconds === "number" && seconds > 0 && seconds <= LONGEST_SECONDS, `${where} lasts no sensible time`);
  expect(typeof ease === "string" && Object.hasOwn(EASES, ease), `${where} has no ease of ${Object.keys(EASES).join(", ")}`);
  return { point: toLink(fromLink(point, description), description), seconds, ease };
}

/** The part of a link that this model does not have, where pages otherwise leave what they do not know; or null. */
function wrongIn(point, description) {
  const state = fromLink(point, description);
  if (state === null) return "the seed";
  const given = new URLSearchParams(point.replace(/^#/, ""));
  const isRead = {
    seed: () => true,
    z: () => state.z !== null,
    truncation: (said) => state.truncation === Number(said),
    label: () => state.label !== null,
    mix: (said) => state.mixes.length === said.split(",").length,
    fine: () => state.fine !== null,
  };
  for (const [part, said] of given) {
    const isStep = /^[1-9]\d*$/.test(part) && (Number(said) === 0 || state.steps.get(Number(part)) === Number(said));
    if (!isStep && !(Object.hasOwn(isRead, part) && isRead[part](said))) return part.slice(0, 20);
  }
  return null;
}

/** A preset as the end of an address, without its #. */
export function presetToLink(preset) {
  const bytes = new TextEncoder().encode(JSON.stringify(preset));
  const letters = btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(""));
  const link = `preset=${letters.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
  if (link.length > MOST_LINK_LETTERS) throw new Error("The preset is too long for a link; export it as a file");
  return link;
}

/** The preset that an address speaks of, or null where it speaks of none. Throws as `readPreset`. */
export function presetFromLink(text, description) {
  const letters = new URLSearchParams(text.replace(/^#/, "")).get("preset");
  if (letters === null) return null;
  let bytes;
  try {
    bytes = Uint8Array.from(atob(letters.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
  } catch {
    throw new Error("The preset of the link is damaged");
  }
  return readPreset(new TextDecoder().decode(bytes), description);
}

function isObject(given) {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

function expect(isGood, complaint) {
  if (!isGood) throw new Error(`That is no preset: ${complaint}`);
}

function expectOnly(given, names, what) {
  const unknown = Object.keys(given).find((each) => !names.includes(each));
  expect(unknown === undefined, `${what} has an unknown part, ${unknown?.slice(0, 20)}`);
}
