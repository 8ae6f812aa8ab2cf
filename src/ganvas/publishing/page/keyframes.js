// The keyframes as cards that can be seen, timed, moved and taken away.

import { fromLink } from "./link.js";
import { clamped } from "./motion.js";
import { EASES } from "./paths.js";
import { LONGEST_SECONDS, SHORTEST_SECONDS } from "./presets.js";
import { canvasOf, find } from "./view.js";

/** `changed(keyframes)` is told of every change; `show(state)` of the keyframe that is chosen; `describe(state)` names it. */
export class Keyframes {
  constructor(generator, { changed, show, describe, breath, fail }) {
    Object.assign(this, { generator, changed, show, describe, breath, fail });
    this.list = [];
    this.pictures = new Map(); // of points, which are drawn once
  }

  fill(list) {
    this.list = list;
    find("keyframes").replaceChildren(...list.map((keyframe, at) => this.#card(keyframe, at)));
    find("keyframes-none").hidden = list.length > 0;
    find("keyframes-clear").disabled = !list.length;
    this.#draw().catch(this.fail);
  }

  #card(keyframe, at) {
    const card = document.createElement("li");
    card.dataset.point = keyframe.point;
    const name = `keyframe ${at + 1}`;
    const seen = Object.assign(document.createElement("button"), { type: "button", className: "seen" });
    seen.setAttribute("aria-label", `Show ${name}, ${this.describe(this.#state(keyframe.point))}`);
    seen.addEventListener("click", () => this.show(this.#state(keyframe.point)));
    const picture = this.pictures.get(keyframe.point);
    if (picture) seen.append(canvasOf(picture));
    const seconds = Object.assign(document.createElement("input"), { type: "number", value: keyframe.seconds });
    Object.assign(seconds, { min: SHORTEST_SECONDS, max: LONGEST_SECONDS, step: 0.1, ariaLabel: `Seconds from ${name}` });
    seconds.addEventListener("change", () => {
      const value = clamped(seconds.valueAsNumber || keyframe.seconds, SHORTEST_SECONDS, LONGEST_SECONDS);
      this.#replace(at, { ...keyframe, seconds: value });
    });
    const ease = Object.assign(document.createElement("select"), { ariaLabel: `Ease from ${name}` });
    ease.append(...Object.keys(EASES).map((each) => new Option(each, each, false, each === keyframe.ease)));
    ease.addEventListener("change", () => this.#replace(at, { ...keyframe, ease: ease.value }));
    const bar = Object.assign(document.createElement("div"), { className: "bar" });
    bar.append(
      this.#button("←", `Move ${name} to the front`, at === 0, () => this.#move(at, at - 1)),
      this.#button("→", `Move ${name} to the back`, at === this.list.length - 1, () => this.#move(at, at + 1)),
      this.#button("×", `Take ${name} away`, false, () => this.changed(this.list.toSpliced(at, 1))),
    );
    const lasting = Object.assign(document.createElement("span"), { className: "inline" });
    lasting.append(seconds, "s");
    card.append(seen, lasting, ease, bar);
    return card;
  }

  #button(text, label, isDisabled, act) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    Object.assign(button, { ariaLabel: label, disabled: isDisabled });
    button.addEventListener("click", act);
    return button;
  }

  #state(point) {
    return fromLink(point, this.generator.description);
  }

  #replace(at, keyframe) {
    this.changed(this.list.with(at, keyframe));
  }

  #move(from, to) {
    this.changed(this.list.toSpliced(from, 1).toSpliced(to, 0, this.list[from]));
    find("keyframes").children[to].querySelector(".bar button:not(:disabled)").focus();
  }

  /** The pictures that were not drawn yet, one by one. */
  async #draw() {
    const turn = (this.turn = {});
    for (const card of [...find("keyframes").children]) {
      const { point } = card.dataset;
      if (card.firstChild.firstChild) continue;
      if (!this.pictures.has(point)) {
        await this.breath();
        if (this.turn !== turn) return;
        const [image] = await this.generator.draw([this.#state(point)]);
        this.pictures.set(point, image);
        if (this.turn !== turn) return;
      }
      card.firstChild.replaceChildren(canvasOf(this.pictures.get(point)));
    }
  }
}
