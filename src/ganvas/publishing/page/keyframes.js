// The keyframes as pictures on the timeline, which are dragged along it, and the fields of the one that is chosen.

import { fromLink } from "./link.js";
import { clamped } from "./motion.js";
import { EASES } from "./paths.js";
import { LONGEST_SECONDS, SHORTEST_SECONDS } from "./presets.js";
import { exchanged, lengthOf, movedTo, nudged, startsOf, without } from "./timeline.js";
import { canvasOf, find } from "./view.js";

const STEP_SECONDS = 0.1; // of an arrow key, and what times by hand are whole numbers of
const LEAP_SECONDS = 1; // of Page Up and Page Down
const STEADY_PX = 5; // that a finger may slide while it presses

/**
 * `changed(keyframes)` is told of every change, `go(number)` of the keyframe that is pressed; `describe(state)` names it.
 */
export class Keyframes {
  constructor(generator, { changed, go, describe, breath, fail }) {
    Object.assign(this, { generator, changed, go, describe, breath, fail });
    this.line = find("keyframes");
    this.list = [];
    this.chosen = 0;
    this.pictures = new Map(); // of points, which are drawn once
    find("keyframe-ease").append(...Object.keys(EASES).map((each) => new Option(each, each)));
    this.#listen();
  }

  fill(list) {
    this.list = list;
    const points = new Set(list.map(({ point }) => point));
    for (const point of this.pictures.keys()) if (!points.has(point)) this.pictures.delete(point);
    while (this.line.children.length > list.length) this.line.lastChild.remove();
    while (this.line.children.length < list.length) this.line.append(newItem());
    const [starts, length] = [startsOf(list), lengthOf(list)];
    list.forEach((_, at) => this.#place(at, starts[at], length));
    find("keyframes-none").hidden = list.length > 0;
    find("keyframe").hidden = !list.length;
    find("keyframes-clear").disabled = !list.length;
    this.choose(this.chosen);
    this.#draw().catch(this.fail);
  }

  /** Let the picture of a number be that of its keyframe, where it comes in a loop of so many seconds. */
  #place(at, seconds, length) {
    const item = this.line.children[at];
    const { firstChild: thumb } = item;
    const { point } = this.list[at];
    item.style.setProperty("--share", seconds / length);
    Object.assign(thumb, { ariaValueMin: 0, ariaValueMax: rounded(length), ariaValueNow: rounded(seconds) });
    thumb.ariaValueText = `at ${rounded(seconds)} of ${rounded(length)} seconds`;
    if (thumb.dataset.point === point) return;
    thumb.dataset.point = point;
    thumb.ariaLabel = `Keyframe ${at + 1}, ${this.describe(this.#state(point))}`;
    thumb.replaceChildren();
  }

  /** Let the fields be those of a keyframe, or of the last. */
  choose(at) {
    this.chosen = clamped(at, 0, Math.max(this.list.length - 1, 0));
    [...this.line.children].forEach((item, number) => item.classList.toggle("chosen", number === this.chosen));
    const keyframe = this.list[this.chosen];
    if (!keyframe) return;
    this.#name(startsOf(this.list)[this.chosen]);
    const seconds = find("keyframe-seconds");
    if (document.activeElement !== seconds) seconds.value = rounded(keyframe.seconds);
    find("keyframe-ease").value = keyframe.ease;
    find("keyframe-earlier").disabled = this.chosen === 0;
    find("keyframe-later").disabled = this.chosen === this.list.length - 1;
  }

  #name(seconds) {
    find("keyframe-name").textContent = `Keyframe ${this.chosen + 1} of ${this.list.length}, at ${rounded(seconds)} s`;
  }

  #state(point) {
    return fromLink(point, this.generator.description);
  }

  #change(keyframes, at) {
    this.chosen = at;
    this.changed(keyframes);
  }

  #listen() {
    const { line } = this;
    const onThumb = (kind, act) => {
      line.addEventListener(kind, (event) => {
        const item = event.target.closest("li");
        if (item) act(event, [...line.children].indexOf(item));
      });
    };
    onThumb("focusin", (_, at) => this.choose(at));
    onThumb("keydown", (event, at) => this.#press(event, at));
    onThumb("pointerdown", (event, at) => this.#hold(event, at));
    const chosen = (id, act) => find(id).addEventListener("change", ({ target }) => act(target));
    chosen("keyframe-seconds", (field) => {
      const before = this.list[this.chosen].seconds;
      const seconds = clamped(field.valueAsNumber || before, SHORTEST_SECONDS, LONGEST_SECONDS);
      field.value = rounded(seconds);
      this.#replace({ seconds });
    });
    chosen("keyframe-ease", ({ value }) => this.#replace({ ease: value }));
    const on = (id, act) => find(id).addEventListener("click", act);
    on("keyframe-earlier", () => this.#exchange(-1));
    on("keyframe-later", () => this.#exchange(1));
    on("keyframe-remove", () => this.#remove(this.chosen));
  }

  #replace(changes) {
    this.#change(this.list.with(this.chosen, { ...this.list[this.chosen], ...changes }), this.chosen);
  }

  /** With the neighbour before, -1, or after, 1. */
  #exchange(step) {
    const other = this.chosen + step;
    this.#change(exchanged(this.list, this.chosen, other), other);
    const [pressed, opposite] = step < 0 ? ["earlier", "later"] : ["later", "earlier"];
    if (find(`keyframe-${pressed}`).disabled) find(`keyframe-${opposite}`).focus(); // else the focus would be lost
  }

  #remove(at) {
    this.#change(without(this.list, at), at);
  }

  /** The keys of a slider, and what takes a keyframe away. */
  #press(event, at) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = (seconds) => () => nudged(this.list, at, seconds);
    const moves = {
      ...{ ArrowLeft: by(-STEP_SECONDS), ArrowDown: by(-STEP_SECONDS), PageDown: by(-LEAP_SECONDS) },
      ...{ ArrowRight: by(STEP_SECONDS), ArrowUp: by(STEP_SECONDS), PageUp: by(LEAP_SECONDS) },
      ...{ Home: () => movedTo(this.list, at, 0), End: () => movedTo(this.list, at, Infinity) },
    };
    if (Object.hasOwn(moves, event.key)) {
      const found = moves[event.key]();
      this.#change(found.keyframes, found.at);
    } else if (event.key === "Delete" || event.key === "Backspace") this.#remove(at);
    else if (event.key === "Enter" || event.key === " ") this.go(at);
    else return;
    event.preventDefault();
    event.stopPropagation(); // arrows also go from seed to seed
    this.line.children[this.chosen]?.firstChild.focus();
  }

  /** A press goes to a keyframe; what slides further than a finger trembles drags it. */
  #hold({ button, pointerId, clientX: pressed }, at) {
    if (button !== 0) return;
    const { list } = this;
    const item = this.line.children[at];
    const [start, length] = [startsOf(list)[at], lengthOf(list)];
    const secondsPerPx = length / Math.max(this.line.clientWidth - item.offsetWidth, 1);
    let time = null;
    const move = ({ clientX }) => {
      const slid = clientX - pressed;
      if (this.list !== list || (time === null && Math.abs(slid) <= STEADY_PX)) return; // others may change it meanwhile
      time = clamped(Math.round((start + slid * secondsPerPx) / STEP_SECONDS) * STEP_SECONDS, 0, length);
      item.style.setProperty("--share", time / length);
      this.#name(time);
    };
    const drop = () => {
      const found = movedTo(list, at, time);
      this.#change(found.keyframes, found.at);
      this.line.children[found.at].firstChild.focus();
    };
    const end = ({ type }) => {
      listening.abort();
      if (this.list !== list) return;
      if (type === "pointercancel") this.fill(list);
      else if (time === null) this.go(at);
      else drop();
    };
    const listening = new AbortController();
    const { signal } = listening;
    item.setPointerCapture(pointerId);
    item.addEventListener("pointermove", move, { signal });
    item.addEventListener("pointerup", end, { signal });
    item.addEventListener("pointercancel", end, { signal });
    this.choose(at);
  }

  /** The pictures that were not drawn yet, one by one. */
  async #draw() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    try {
      for (let thumb = this.#blank(); thumb; thumb = this.#blank()) {
        const { point } = thumb.dataset;
        if (!this.pictures.has(point)) {
          await this.breath();
          const [image] = await this.generator.draw([this.#state(point)]);
          this.pictures.set(point, image);
        }
        if (thumb.dataset.point === point) thumb.replaceChildren(canvasOf(this.pictures.get(point)));
      }
    } finally {
      this.isDrawing = false;
    }
  }

  #blank() {
    return [...this.line.querySelectorAll(".seen")].find((thumb) => !thumb.firstChild);
  }
}

function newItem() {
  const item = document.createElement("li");
  item.append(Object.assign(document.createElement("div"), { role: "slider", tabIndex: 0, className: "seen" }));
  return item;
}

const rounded = (seconds) => Math.round(seconds * 100) / 100;
