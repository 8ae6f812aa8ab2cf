// Keyframes on a timeline, { point, seconds, ease } each: when they come, and what becomes of all where one is moved.

import { clamped } from "./motion.js";
import { LONGEST_SECONDS, SHORTEST_SECONDS, precise } from "./presets.js";

const ROUNDING_SECONDS = 1e-5; // more than what is lost where times are rounded

/** Seconds from the beginning of the loop at which each keyframe comes; the first is at 0. */
export function startsOf(keyframes) {
  let sum = 0;
  return keyframes.map(({ seconds }) => (sum += seconds) - seconds);
}

/** Seconds of the whole loop. */
export function lengthOf(keyframes) {
  return keyframes.reduce((sum, { seconds }) => sum + seconds, 0);
}

/**
 * The keyframes after one was put to another time of the loop: { keyframes, at }, and its number among them. The others
 * stay where they are, but whichever is first begins the loop. At 0 or before it takes the place of the first, which goes
 * half of the way to the next.
 */
export function movedTo(keyframes, from, time) {
  const before = startsOf(keyframes);
  if (keyframes.length < 2 || (from === 0 && time < before[1])) return { keyframes, at: from };
  const others = lifted(keyframes, from);
  const isFirst = time <= 0;
  const starts = startsOf(others);
  const way = isFirst ? 0 : starts.findLastIndex((start) => start <= time);
  const whole = others[way].seconds;
  const shortest = Math.min(SHORTEST_SECONDS, whole / 2);
  const left = precise(isFirst ? whole / 2 : clamped(time - starts[way], shortest, whole - shortest));
  const right = precise(whole - left);
  const at = isFirst ? 0 : way + 1;
  const split = others.with(way, { ...others[way], seconds: isFirst ? right : left });
  return { keyframes: split.toSpliced(at, 0, { ...keyframes[from], seconds: isFirst ? left : right }), at };
}

/** As `movedTo`, by so many seconds; where a neighbour leaves no room, to its other side. */
export function nudged(keyframes, from, seconds) {
  const starts = startsOf(keyframes);
  const found = movedTo(keyframes, from, starts[from] + seconds);
  const way = Math.abs(startsOf(found.keyframes)[found.at] - starts[from]);
  const neighbour = from + Math.sign(seconds);
  if (way > ROUNDING_SECONDS || !keyframes[neighbour]) return found;
  return movedTo(keyframes, from, starts[neighbour] + Math.sign(seconds) * ROUNDING_SECONDS);
}

/** Without one of them; the others stay where they are. */
export function without(keyframes, at) {
  return at === keyframes.length - 1 ? keyframes.slice(0, -1) : lifted(keyframes, at);
}

/** Two of them exchanged: each comes when the other came. */
export function exchanged(keyframes, one, other) {
  const point = (at) => ({ point: keyframes[at].point });
  return keyframes.with(one, { ...keyframes[one], ...point(other) }).with(other, { ...keyframes[other], ...point(one) });
}

/** In a loop of another length, each at the same share of it. */
export function stretched(keyframes, seconds) {
  const factor = seconds / lengthOf(keyframes);
  return keyframes.map((each) => ({ ...each, seconds: precise(Math.min(each.seconds * factor, LONGEST_SECONDS)) }));
}

/** One taken out of a loop that stays as long: the way before it leads on to the next. */
function lifted(keyframes, at) {
  const others = keyframes.toSpliced(at, 1);
  const heir = Math.max(at - 1, 0);
  const seconds = precise(Math.min(others[heir].seconds + keyframes[at].seconds, LONGEST_SECONDS));
  return others.with(heir, { ...others[heir], seconds });
}
