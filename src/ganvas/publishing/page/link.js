// What a picture is made from, as the end of an address: #seed=42&truncation=0.8&label=cat&mix=7:0.5,3:0.2&1=2.5
// The same words as ganvas/formats/point.py.

import { LARGEST_SEED } from "./latents.js";

export const MOST_STEPS = 4;
export const MOST_MIXES = 64;
const MOST_TRUNCATION = 2;

/** A state that nobody changed yet, of a seed. */
export function freshState(description, seed) {
  const { truncation } = description.published;
  return { seed, z: null, mixes: [], fine: null, truncation, label: null, steps: new Map() };
}

/** A seed that nobody chose, small enough to be said aloud. */
export function randomSeed() {
  return BigInt(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000);
}

/** The end of an address without its #, leaving out what is as it comes. */
export function toLink(state, description) {
  const parts = new URLSearchParams({ seed: state.seed });
  if (state.z) parts.set("z", toText(state.z));
  if (state.truncation !== description.published.truncation) parts.set("truncation", state.truncation);
  if (state.label !== null) parts.set("label", state.label);
  if (state.mixes.length) parts.set("mix", state.mixes.map(({ seed, share }) => `${seed}:${share}`).join(","));
  if (state.fine) parts.set("fine", `${state.fine.seed}:${state.fine.place}`);
  for (const [number, amount] of state.steps) if (amount) parts.set(number, amount);
  return parts.toString();
}

/** The state that an address speaks of, or null if it names no seed; what it gets wrong is left as it comes. */
export function fromLink(text, description) {
  const parts = new URLSearchParams(text.replace(/^#/, ""));
  const seed = toSeed(parts.get("seed"));
  if (seed === null) return null;
  const state = freshState(description, seed);
  state.truncation = number(parts.get("truncation"), 0, MOST_TRUNCATION) ?? state.truncation;
  if (description.classes.includes(parts.get("label"))) state.label = parts.get("label");
  const mixes = (parts.get("mix") ?? "").split(",").slice(0, MOST_MIXES).map((each) => {
    const [mixed, share] = each.split(":");
    return { seed: toSeed(mixed), share: number(share, 0, 1) };
  });
  state.mixes = mixes.filter(({ seed, share }) => seed !== null && share !== null);
  const [fineSeed, place] = (parts.get("fine") ?? "").split(":");
  if (toSeed(fineSeed) !== null && number(place, 0, description.z_dim) !== null) {
    state.fine = { seed: toSeed(fineSeed), place: Math.round(Number(place)) };
  }
  state.z = fromText(parts.get("z"), description.z_dim);
  description.published.directions.forEach((_, at) => {
    const amount = number(parts.get(`${at + 1}`), -MOST_STEPS, MOST_STEPS);
    if (amount) state.steps.set(at + 1, amount);
  });
  return state;
}

/** What an address gives as its seed and is none; null where it gives one, or says nothing of seeds. */
export function noSeed(text) {
  const given = new URLSearchParams(text.replace(/^#/, "")).get("seed");
  return given !== null && toSeed(given) === null ? given : null;
}

/** The seed that a text names, as a BigInt, or null. */
export function toSeed(text) {
  if (!/^\d{1,20}$/.test(text ?? "")) return null;
  const seed = BigInt(text);
  return seed <= LARGEST_SEED ? seed : null;
}

/** A latent as a link has it: its numbers in single precision, little-endian, in base64 for addresses. */
function toText(z) {
  const view = new DataView(new ArrayBuffer(4 * z.length));
  z.forEach((each, at) => view.setFloat32(4 * at, each, true));
  const letters = btoa(String.fromCharCode(...new Uint8Array(view.buffer)));
  return letters.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The latent that a text holds, or null if it is none of `size` finite numbers. */
function fromText(text, size) {
  if (!text || !/^[\w-]+$/.test(text)) return null;
  try {
    const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const view = new DataView(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)).buffer);
    if (view.byteLength !== 4 * size) return null;
    const z = Float32Array.from({ length: size }, (_, at) => view.getFloat32(4 * at, true));
    return z.every(Number.isFinite) ? z : null;
  } catch {
    return null;
  }
}

function number(text, least, most) {
  const found = text === null || text === undefined || text.trim() === "" ? NaN : Number(text);
  return found >= least && found <= most ? found : null;
}
