// The sliders and fields: what they say of a state, and what moving them changes in it.

import { MOST_STEPS, toSeed } from "./link.js";
import { remembered } from "./memory.js";
import { find } from "./view.js";

const CLOSE_TO_NOTHING = 0.1; // a finger cannot hit nothing exactly

/** `change(changes)` is told of what is moved, `choose(changes)` of what is typed or chosen. */
export class Controls {
  constructor(description, change, choose) {
    const { classes, published, z_dim: size } = description;
    this.change = change;
    this.names = remembered("names", {}, { sound: soundNames });
    find("labelled").hidden = !classes.length;
    find("label").append(...classes.map((name) => new Option(name, name)));
    find("moving").hidden = !published.directions.length;
    this.steps = new Map();
    find("place").max = size - 1;
    published.directions.forEach(({ name }, at) => find("directions").append(this.#direction(name, at + 1)));
    for (const id of ["truncation", "mix", "place"]) paired(find(id), find(`${id}-typed`));
    onMoved("truncation", (truncation) => change({ truncation }), published.truncation);
    onMoved("mix", (share) => change({ mixes: this.#mixes({ share }) }), 0);
    find("seed").addEventListener("change", ({ target }) => ifSeed(target, (seed) => choose({ seed, z: null, mixes: [] })));
    find("mixed").addEventListener("change", ({ target }) => {
      ifSeed(target, (seed) => choose({ mixes: this.#mixes({ seed, share: find("mix").valueAsNumber || 0.5 }) }));
    });
    onMoved("place", (place) => change({ fine: place < 1 ? null : { seed: this.#fineSeed(), place } }), 0);
    find("fine").addEventListener("change", ({ target }) => {
      const place = find("place").valueAsNumber || Math.min(8, size - 1);
      ifSeed(target, (seed) => choose({ fine: { seed, place } }));
    });
    find("label").addEventListener("change", ({ target }) => choose({ label: target.value || null }));
    find("controls").addEventListener("submit", (event) => event.preventDefault());
    for (const part of document.querySelectorAll("button, fieldset")) part.disabled = false;
  }

  /** Let everything say what a state says. */
  fill(state) {
    this.state = state;
    for (const id of ["seed", "mixed", "fine"]) find(id).setCustomValidity("");
    const last = state.mixes.at(-1);
    find("seed").value = state.seed;
    find("mixed").value = last?.seed ?? 0n;
    find("fine").value = state.fine?.seed ?? 0n;
    find("label").value = state.label ?? "";
    this.steps = new Map(state.steps);
    fillRange(find("truncation"), state.truncation);
    fillRange(find("mix"), last?.share ?? 0);
    fillRange(find("place"), state.fine?.place ?? 0);
    for (const input of find("directions").querySelectorAll("input[type=range]")) {
      fillRange(input, state.steps.get(Number(input.dataset.number)) ?? 0);
    }
    if (last || state.fine) find("mixing").open = true;
  }

  /** What a direction is called here. */
  nameOf(number, name) {
    return this.names.value[number] ?? name;
  }

  /** The mixtures of the present state, the last one changed. */
  #mixes(changes) {
    const { mixes } = this.state;
    const last = { seed: toSeed(find("mixed").value) ?? 0n, share: 0, ...mixes.at(-1), ...changes };
    return last.share > 0 ? [...mixes.slice(0, -1), last] : mixes.slice(0, -1);
  }

  #fineSeed() {
    return toSeed(find("fine").value) ?? 0n;
  }

  #direction(name, number) {
    const row = Object.assign(document.createElement("div"), { className: "row" });
    const called = Object.assign(document.createElement("input"), { className: "name", value: this.nameOf(number, name) });
    Object.assign(called, { maxLength: 100, ariaLabel: `Name of direction ${number}`, spellcheck: false });
    called.addEventListener("change", () => {
      const { [number]: _, ...others } = this.names.value;
      this.names.value = called.value.trim() ? { ...others, [number]: called.value.trim() } : others;
      called.value = this.nameOf(number, name);
      slider.ariaLabel = typed.ariaLabel = called.value;
    });
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: -MOST_STEPS, max: MOST_STEPS, step: 0.05, ariaLabel: called.value });
    slider.dataset.number = number;
    slider.id = `direction-${number}`;
    const typed = Object.assign(document.createElement("input"), { type: "number", step: 0.05, ariaLabel: called.value });
    row.append(called, slider, typed);
    paired(slider, typed);
    moved(slider, (amount) => {
      if (Math.abs(amount) < CLOSE_TO_NOTHING && document.activeElement !== typed) amount = 0;
      if (amount) this.steps.set(number, amount);
      else this.steps.delete(number);
      this.change({ steps: new Map(this.steps) });
    });
    return row;
  }
}

/** Names of directions by their numbers, of whatever was kept. */
function soundNames(found) {
  if (typeof found !== "object" || Array.isArray(found)) return {};
  return Object.fromEntries(Object.entries(found).filter(([, name]) => typeof name === "string" && name.trim()));
}

/** Let a range and the number beside it say the same. */
export function paired(range, typed) {
  range.typed = typed;
  Object.assign(typed, { min: range.min, max: range.max });
  typed.addEventListener("change", () => {
    const value = Math.min(Math.max(typed.valueAsNumber || 0, Number(range.min)), Number(range.max));
    range.value = value;
    range.dispatchEvent(new CustomEvent("typed", { detail: value }));
  });
}

/** Tell `act` of a range that is moved, typed beside, or reset by a double click to `usual`. */
export function moved(range, act, usual = 0) {
  const told = (value) => {
    act(value);
    fillRange(range, value);
  };
  range.addEventListener("input", () => told(range.valueAsNumber));
  range.addEventListener("typed", ({ detail }) => told(detail));
  range.addEventListener("dblclick", () => told(usual));
}

function onMoved(id, act, usual) {
  moved(find(id), act, usual);
}

export function fillRange(range, value) {
  range.value = value;
  if (range.typed && document.activeElement !== range.typed) range.typed.value = Math.round(value * 100) / 100;
}

function ifSeed(input, act) {
  input.value = input.value.trim();
  const seed = toSeed(input.value);
  input.setCustomValidity(seed === null ? "a whole number from 0 to 18446744073709551615" : "");
  if (seed === null) input.reportValidity();
  else act(seed);
}
