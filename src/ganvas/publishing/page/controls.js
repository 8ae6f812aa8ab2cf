// The sliders and fields: what they say of a state, and what moving them changes in it.

import { MOST_STEPS, toSeed } from "./link.js";

const CLOSE_TO_NOTHING = 0.1; // a finger cannot hit nothing exactly
const find = (id) => document.getElementById(id);

/** `change(changes)` is told of what is moved, `choose(changes)` of what is typed or chosen. */
export class Controls {
  constructor(description, change, choose) {
    const { classes, published } = description;
    find("labelled").hidden = !classes.length;
    find("label").append(...classes.map((name) => new Option(name, name)));
    find("moving").hidden = !published.directions.length;
    this.steps = new Map();
    published.directions.forEach(({ name }, at) => find("directions").append(this.#slider(name, at + 1, change)));
    for (const id of ["truncation", "mix"]) {
      find(id).addEventListener("input", ({ target }) => {
        change({ [id]: target.valueAsNumber });
        say(target, target.valueAsNumber);
      });
    }
    find("seed").addEventListener("change", ({ target }) => ifSeed(target, (seed) => choose({ seed, mix: 0 })));
    find("mixed").addEventListener("change", ({ target }) => {
      ifSeed(target, (mixedSeed) => choose({ mixedSeed, mix: find("mix").valueAsNumber || 0.5 }));
    });
    find("label").addEventListener("change", ({ target }) => choose({ label: target.value || null }));
    find("controls").addEventListener("submit", (event) => event.preventDefault());
    for (const part of document.querySelectorAll("button, fieldset")) part.disabled = false;
  }

  /** Let everything say what a state says. */
  fill(state) {
    for (const id of ["seed", "mixed"]) find(id).setCustomValidity("");
    find("seed").value = state.seed;
    find("mixed").value = state.mixedSeed;
    find("label").value = state.label ?? "";
    this.steps = new Map(state.steps);
    for (const [id, value] of [["truncation", state.truncation], ["mix", state.mix]]) fillRange(find(id), value);
    for (const input of find("directions").querySelectorAll("input")) {
      fillRange(input, state.steps.get(Number(input.dataset.number)) ?? 0);
    }
    if (state.mix) find("mixing").open = true;
  }

  #slider(name, number, change) {
    const row = Object.assign(document.createElement("label"), { className: "row" });
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min: -MOST_STEPS, max: MOST_STEPS, step: 0.05 });
    input.dataset.number = number;
    const said = document.createElement("output");
    said.ariaHidden = "true";
    row.append(Object.assign(document.createElement("span"), { textContent: name }), input, said);
    input.addEventListener("input", () => {
      const amount = Math.abs(input.valueAsNumber) < CLOSE_TO_NOTHING ? 0 : input.valueAsNumber;
      if (amount) this.steps.set(number, amount);
      else this.steps.delete(number);
      change({ steps: new Map(this.steps) });
      say(input, amount);
    });
    return row;
  }
}

function fillRange(input, value) {
  input.value = value;
  say(input, value);
}

function say(input, value) {
  input.nextElementSibling.value = value.toFixed(2);
}

function ifSeed(input, act) {
  input.value = input.value.trim();
  const seed = toSeed(input.value);
  input.setCustomValidity(seed === null ? "a whole number from 0 to 18446744073709551615" : "");
  if (seed === null) input.reportValidity();
  else act(seed);
}
