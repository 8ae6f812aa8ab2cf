// What keys, MIDI, sound and messages may move of what is played.

import { MOST_STEPS } from "./link.js";
import { LEAST_TEMPO, MOST_RADIUS, MOST_TEMPO, clamped } from "./motion.js";
import { LONGEST_SECONDS, SHORTEST_SECONDS } from "./presets.js";
import { find } from "./view.js";

export const LARGEST_SEED_BY_HAND = 9999; // a knob reaches no more
const KEYFRAMES_BY_HAND = 16; // that have a trigger of their own
const MOST_TRUNCATION_BY_HAND = 2;

/** { name, label, least, most, get(), set(value) } for numbers, { name, label, fire() } for triggers. */
export function targetsOf(performance) {
  return [...numbersOf(performance), ...triggersOf(performance)];
}

/** Where nothing is played the page's own sliders move; where it is, offsets from what is played. */
function numbersOf(performance) {
  const { description } = performance;
  const number = (name, label, least, most, id, get, set) => ({
    ...{ name, label, least, most },
    get: () => (performance.isPerforming || !id ? get() : find(id).valueAsNumber),
    set: (value) => {
      const good = clamped(Number(value) || 0, least, most);
      if (performance.isPerforming || !id) set(good);
      else moveSlider(id, good);
      performance.isStale = true;
    },
  });
  const directions = description.published.directions.map(({ name }, at) => {
    const get = () => performance.hands.steps.get(at + 1) ?? 0;
    const set = (value) => performance.hands.steps.set(at + 1, value);
    return number(`direction:${at + 1}`, name, -MOST_STEPS, MOST_STEPS, `direction-${at + 1}`, get, set);
  });
  const of = (owner, name) => [() => owner()[name], (value) => (owner()[name] = value)];
  const byHand = (name) => of(() => performance.hands, name);
  const own = (name) => [null, ...of(() => performance, name)];
  const played = (name) => [null, () => performance.settings[name], (value) => performance.change({ [name]: value })];
  return [
    ...directions,
    number("truncation", "Boldness", 0, MOST_TRUNCATION_BY_HAND, "truncation", ...byHand("truncation")),
    number("seed", "Seed", 0, LARGEST_SEED_BY_HAND, ...own("seed")),
    number("mix", "Mix with the seed", 0, 1, "mix", ...byHand("mix")),
    number("radius", "Radius", 0, MOST_RADIUS, ...played("radius")),
    number("seconds", "Seconds", SHORTEST_SECONDS, LONGEST_SECONDS, ...own("pace")),
    number("tempo", "Tempo", LEAST_TEMPO, MOST_TEMPO, ...played("tempo")),
  ];
}

function triggersOf(performance) {
  const trigger = (name, label, fire) => ({ name, label, fire });
  const numbers = Array.from({ length: KEYFRAMES_BY_HAND }, (_, at) => at);
  return [
    trigger("play", "Play or pause", () => performance.toggle()),
    trigger("another", "Another picture", () => performance.another()),
    trigger("keyframe:next", "Next keyframe", () => performance.go(performance.current + 1)),
    ...numbers.map((at) => trigger(`keyframe:${at + 1}`, `Keyframe ${at + 1}`, () => performance.go(at))),
  ];
}

function moveSlider(id, value) {
  const range = find(id);
  range.value = value;
  range.dispatchEvent(new Event("input"));
}
