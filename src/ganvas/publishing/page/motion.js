// What is played: a tour through keyframes, or a noise loop around each. The same numbers as ganvas/explore/walk.py.

import { latent } from "./latents.js";
import { along, between, harmonics, nearestStop, noiseLoop } from "./paths.js";

export const MOST_RADIUS = 10; // at which moments a twentieth of the loop apart have nothing to do with each other
export const [LEAST_TEMPO, USUAL_TEMPO, MOST_TEMPO] = [20, 60, 300]; // beats a minute; at 60, a second is a second
const NEARLY_ONE = 0.999999; // of a uniform latent, so that it has a place on the normal curve
const LONGEST_BEAT_MS = 60_000 / LEAST_TEMPO;
export const MOST_TAPS = 8; // that a tempo is the mean of
const GOLDEN_SHARE = (Math.sqrt(5) - 1) / 2; // whose multiples, less their whole parts, lie far from each other
const A_LITTLE = 1e-9; // of a loop: what is on the edge of two ways belongs to the second

/**
 * Keyframes, one at least, played as "tour" or "noise".
 * `stops`: { z, label, seconds, ease } each; label: a class's number or null; seconds: to the next, from the last to
 * the first. `radius`, `seconds`, `seed`: of a noise loop. `start`: the number of the keyframe that comes first.
 */
export class Motion {
  constructor(description, { kind, stops, radius, seconds, seed, start = 0 }) {
    Object.assign(this, { description, kind, stops, seed, start, loopSeconds: seconds, waves: new Map() });
    this.radius = radius;
  }

  set radius(radius) {
    this.weights = harmonics(radius);
  }

  /** Of the whole loop, at the usual tempo. */
  get seconds() {
    return this.kind === "noise" ? this.loopSeconds : this.stops.reduce((sum, each) => sum + each.seconds, 0);
  }

  /** { z, label } at a share of the loop, of one of several pictures side by side; 0 and 1 are the same moment. */
  at(share, cell = 0) {
    const first = (cell + this.start) % this.stops.length;
    if (this.kind === "noise") return { z: this.#around(this.stops[first].z, share, cell), label: this.stops[first].label };
    const stops = [...this.stops.slice(first), ...this.stops.slice(0, first)];
    const [seconds, eases] = [stops.map((each) => each.seconds), stops.map((each) => each.ease)];
    // Cells that there is no keyframe for begin on the way to the next, so that no two show the same.
    const ahead = (Math.floor((cell + this.start) / this.stops.length) * GOLDEN_SHARE) % 1;
    const time = share * this.seconds + ahead * seconds[0];
    const { label } = stops[nearestStop(seconds, eases, time)];
    return { z: along(stops.map((each) => each.z), seconds, eases, time), label };
  }

  /** Where in the loop a keyframe comes. */
  shareOf(number) {
    const before = this.stops.slice(this.start, number).reduce((sum, each) => sum + each.seconds, 0);
    return before / this.seconds + A_LITTLE;
  }

  #around(z, share, cell) {
    const isUniform = this.description.z_distribution === "uniform";
    const middle = isUniform ? Array.from(z, (each) => normalAt((1 + clamped(each, -NEARLY_ONE, NEARLY_ONE)) / 2)) : z;
    const found = noiseLoop([middle, ...this.#wavesOf(cell)], this.weights, share);
    return isUniform ? found.map((each) => 2 * normalShare(each) - 1) : found;
  }

  /** The first numbers of a seed's stream are its own latent; the waves are what follows. */
  #wavesOf(cell) {
    const count = 2 * this.weights.length - 2;
    let rows = this.waves.get(cell) ?? [];
    if (rows.length < count) {
      const size = this.description.z_dim;
      const stream = latent(BigInt(this.seed) + BigInt(cell), size * (count + 1), "normal");
      rows = Array.from({ length: count }, (_, at) => stream.subarray((at + 1) * size, (at + 2) * size));
      this.waves.set(cell, rows);
    }
    return rows.slice(0, count);
  }
}

/** Between two moments: `share` 0 is the first, 1 the second. */
export function morphed(first, second, share) {
  return { z: between(first.z, second.z, share), label: share < 0.5 ? first.label : second.label };
}

/**
 * A moment's latent moved by hand. `mix`, `goal`: a share of the way to another latent; `boldness`: multiplies it;
 * `steps`: Map of a direction's number, from 1, to how far.
 */
export function offset(z, { mix, goal, boldness, steps }, description) {
  let found = mix > 0 ? between(z, goal, mix) : z;
  if (description.z_distribution === "uniform") found = found.map((each) => clamped(each, -1, 1));
  return Float32Array.from(found, (each, at) => {
    let sum = each * boldness;
    for (const [number, amount] of steps) sum += amount * description.published.directions[number - 1].vector[at];
    return sum;
  });
}

/** The tempo, in beats a minute, of taps at times in milliseconds, or null; after a pause it begins anew. */
export function tempoOf(times) {
  const pause = times.findLastIndex((time, at) => at > 0 && time - times[at - 1] > LONGEST_BEAT_MS);
  const taps = times.slice(Math.max(pause, 0)).slice(-MOST_TAPS);
  if (taps.length < 2) return null;
  return clamped((60_000 * (taps.length - 1)) / (taps.at(-1) - taps[0]), LEAST_TEMPO, MOST_TEMPO);
}

/** The share of N(0, 1) that is below a number. Source: Marsaglia 2004, "Evaluating the normal distribution". */
export function normalShare(x) {
  if (Math.abs(x) > 8) return x < 0 ? 0 : 1;
  let [sum, term] = [x, x];
  for (let odd = 3; sum + term !== sum; odd += 2) sum += term *= (x * x) / odd;
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** The number that a share of N(0, 1) is below: Newton's method, which comes from the middle and never goes too far. */
export function normalAt(share) {
  let x = 0;
  for (let number = 0; number < 100; number += 1) {
    const step = (share - normalShare(x)) * Math.sqrt(2 * Math.PI) * Math.exp((x * x) / 2);
    x += step;
    if (Math.abs(step) < 1e-12) break;
  }
  return x;
}

export function clamped(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
