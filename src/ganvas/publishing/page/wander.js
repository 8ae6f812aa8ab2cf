// A sheet of pictures around the one that is shown: each differs from it by a little of a random seed.

import { fillRange, moved, paired } from "./controls.js";
import { MOST_MIXES, randomSeed } from "./link.js";
import { canvasOf, find } from "./view.js";

const USUAL_SHARE = 0.25; // of the way to another seed: near enough to be told for its kin
const SIDE = 3;
const MIDDLE = (SIDE * SIDE - 1) / 2;

/** `show(state)` is told of the picture that is chosen; `describe(state)` names it. */
export class Wander {
  constructor(generator, { show, describe, breath, fail }) {
    Object.assign(this, { generator, show, describe, breath, fail });
    this.grid = find("around");
    this.heat = find("temperature");
    paired(this.heat, find("temperature-typed"));
    fillRange(this.heat, USUAL_SHARE);
    moved(this.heat, () => {}, USUAL_SHARE);
    for (const told of ["change", "typed", "dblclick"]) this.heat.addEventListener(told, () => this.#again(this.state));
    this.grid.addEventListener("keydown", (event) => this.#press(event));
  }

  #again(state) {
    this.around(state).catch(this.fail);
  }

  /** Draw the sheet anew around a state. */
  async around(state) {
    const turn = (this.turn = {});
    this.state = state;
    const share = this.heat.valueAsNumber;
    const states = Array.from({ length: SIDE * SIDE }, (_, at) => (at === MIDDLE ? state : varied(state, share)));
    for (const [at, each] of states.entries()) {
      await this.breath();
      const [image] = await this.generator.draw([each]);
      if (this.turn !== turn) return;
      this.#place(at, each, image);
    }
  }

  #place(at, state, image) {
    const hadFocus = this.grid.children[at] === document.activeElement;
    const button = document.createElement("button");
    button.append(canvasOf(image));
    const isHere = at === MIDDLE;
    button.setAttribute("aria-label", isHere ? "Here" : `Go to ${this.describe(state)}`);
    if (isHere) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => (isHere ? this.#again(state) : this.show(state)));
    const old = this.grid.children[at];
    if (old) old.replaceWith(button);
    else this.grid.append(button);
    if (hadFocus) button.focus();
  }

  /** Arrows move among the pictures of the sheet. */
  #press(event) {
    const at = [...this.grid.children].indexOf(document.activeElement);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIDE, ArrowDown: SIDE }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    event.stopPropagation();
    this.grid.children[Math.min(Math.max(at + step, 0), SIDE * SIDE - 1)].focus();
  }
}

/** A state that is `share` of the way from another to a random seed, which its link remembers. */
export function varied(state, share) {
  const mixes = [...state.mixes, { seed: randomSeed(), share: Math.round(share * 100) / 100 }];
  return { ...state, mixes: mixes.slice(-MOST_MIXES) };
}
