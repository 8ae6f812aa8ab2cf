// Playing: what moves in time, drawn frame by frame on the page, on the stage or into a film.

import { latent } from "./latents.js";
import { fromLink, randomSeed, toLink } from "./link.js";
import { remembered } from "./memory.js";
import { Motion, USUAL_TEMPO, clamped, morphed, offset } from "./motion.js";
import { EASES } from "./paths.js";
import { MOST_KEYFRAMES, USUAL, checkedPreset, fromPreset, toPreset } from "./presets.js";
import { Stage } from "./stage.js";
import { LARGEST_SEED_BY_HAND, targetsOf } from "./targets.js";
import { lengthOf } from "./timeline.js";
import { find } from "./view.js";

const LONGEST_STEP_SECONDS = 1; // a tab that was away goes on where it was
const MILLISECONDS_UNTIL_KEPT = 500;
const GLIDE_SECONDS = 1; // from one noise loop to another
const ALONE = { seconds: 2, ease: "linear" }; // the way of a tour that has only one picture
const REBUILDING = ["kind", "keyframes", "seed"]; // settings that make another motion; the others change the one that is there

/**
 * What is played, and where it is seen.
 *
 * `targets`: what keys, MIDI, sound and messages may move: { name, label, least, most, get(), set(value) } for numbers,
 * { name, label, fire() } for triggers. `onTick(now)`: called once each frame before drawing, if it is set.
 * `changed()`, `played(share, number)`: what is told of other settings, and of each frame and the keyframe it is at.
 * `extras`: name -> { get(), set(value) }, what else presets keep, as what is bound to keys.
 */
export class Performance {
  /**
   * `state()`: of the page's picture. `change(changes)`: to it. `another()`: picture. `show(state)`. `hush()`: stop
   * whatever else paints there. `opened()`: it fills the window, or no longer. `note(words)`, `fail(error)`.
   */
  constructor(generator, parts) {
    Object.assign(this, { generator, parts, extras: {}, changed: () => {}, played: () => {} });
    this.description = generator.description;
    this.kept = remembered("performance", null);
    this.settings = { ...USUAL, name: "", keyframes: [], ...this.#keptSettings() };
    this.hands = this.#still();
    this.latents = new Map();
    const { opened } = parts;
    this.stage = new Stage(this.description, { settings: () => this.settings, opened, leave: () => this.leave() });
    this.share = 0;
    this.isPlaying = this.isSought = this.isDrawing = this.isLate = false;
    this.targets = targetsOf(this);
  }

  /** It fills the window. */
  get isOpen() {
    return this.stage.isOpen;
  }

  /** It plays, fills the window, or shows a moment that was sought. */
  get isPerforming() {
    return this.isPlaying || this.isOpen || this.isSought;
  }

  set onTick(act) {
    this.ticked = act;
    this.#wake();
  }

  get onTick() {
    return this.ticked;
  }

  // ---- what is played

  /** Change how it is played; the motion goes on where it is. `isKept`: for the next visit too. */
  change(changes, { isKept = true } = {}) {
    this.settings = { ...this.settings, ...changes };
    clearTimeout(this.keeping);
    if (isKept) this.keeping = setTimeout(() => (this.kept.value = this.settings), MILLISECONDS_UNTIL_KEPT);
    if (Object.keys(changes).some((each) => REBUILDING.includes(each))) this.motion = null;
    if (this.motion) Object.assign(this.motion, { radius: this.settings.radius, loopSeconds: this.settings.seconds });
    this.isStale = true;
    this.changed();
    this.stage.fit();
  }

  /** Play other settings, by way of a morph over so many seconds; 0: at once. */
  morphTo(settings, seconds) {
    if (seconds > 0) this.#leave(seconds);
    const from = this.settings.tempo;
    this.change(settings);
    if (this.before) this.before.tempo = from;
    if (seconds > 0 && !this.isPerforming) this.play();
  }

  /** Let the present motion fade over so many seconds, on its own way, into whatever comes. */
  #leave(seconds) {
    this.before = { motion: this.#motion(), share: this.share, tempo: this.settings.tempo, seconds, passed: 0 };
  }

  /** The keyframes, or the picture alone. */
  #keyframes() {
    if (this.settings.keyframes.length) return this.settings.keyframes;
    return [{ point: toLink(this.alone ?? this.parts.state(), this.description), ...ALONE }];
  }

  #motion() {
    if (!this.isPerforming) this.motion = null; // the page's picture may be another by now
    const { kind, radius, seconds, seed } = this.settings;
    this.motion ??= new Motion(this.description, {
      ...{ kind, radius, seconds, seed, start: kind === "noise" ? (this.start ?? 0) : 0 },
      stops: this.#keyframes().map((each) => ({ ...each, ...this.#latentOf(each.point) })),
    });
    return this.motion;
  }

  #latentOf(point) {
    if (!this.latents.has(point)) {
      if (this.latents.size >= MOST_KEYFRAMES) this.latents.clear(); // an hour of other pictures takes no more
      const state = fromLink(point, this.description);
      const label = this.description.classes.length ? this.generator.label(state) : null;
      this.latents.set(point, { z: this.generator.latent(state), label });
    }
    return this.latents.get(point);
  }

  /** Of the whole loop, at the usual tempo. */
  get loopSeconds() {
    const { kind, seconds, keyframes } = this.settings;
    return kind === "noise" ? seconds : lengthOf(keyframes) || ALONE.seconds;
  }

  /** Of the whole loop, as it is played. */
  get seconds() {
    return (this.loopSeconds * USUAL_TEMPO) / this.settings.tempo;
  }

  /** What is seen at a share of the loop: { z, label } of each picture. */
  #moments(share, { motion, hands, before = null, settings = this.settings }) {
    const { columns, rows, isMirrored } = settings;
    return Array.from({ length: isMirrored ? 1 : columns * rows }, (_, cell) => {
      let moment = motion.at(share, cell);
      if (before) {
        const done = EASES.smooth(before.passed / before.seconds);
        moment = morphed(before.motion.at(before.share, cell), moment, done);
      }
      return { ...moment, z: offset(moment.z, hands, this.description) };
    });
  }

  async #drawn(moments) {
    const labels = this.description.classes.length ? moments.map(({ label }) => label) : null;
    return this.generator.drawLatents(moments.map(({ z }) => z), labels);
  }

  // ---- moved by hand: knobs, keys, sound

  /** The hands' offsets at rest: they change nothing. */
  #still() {
    return { mix: 0, seed: 0n, truncation: this.description.published.truncation, steps: new Map() };
  }

  #offsets() {
    const { mix, seed, truncation, steps } = this.hands;
    const { z_dim: size, z_distribution: distribution, published } = this.description;
    if (mix > 0 && this.goal?.seed !== seed) {
      const usual = published.truncation;
      this.goal = { seed, z: latent(seed, size, distribution).map((each) => each * usual) };
    }
    return { mix, goal: this.goal?.z, boldness: truncation / (published.truncation || 1), steps: new Map(steps) };
  }

  /** While something is played, the seed that is mixed in and that noise is of; else the picture's. */
  get seed() {
    const seed = this.isPerforming ? this.hands.seed : this.parts.state().seed;
    return Number(seed > LARGEST_SEED_BY_HAND ? LARGEST_SEED_BY_HAND : seed);
  }

  set seed(value) {
    const seed = BigInt(Math.round(value));
    if (seed === BigInt(this.seed)) return;
    if (!this.isPerforming) this.parts.change({ seed, z: null, mixes: [], fine: null });
    else {
      this.hands.seed = seed;
      this.change({ seed: `${seed}` });
    }
  }

  /** Seconds of a noise loop, or of each way of a tour. */
  get pace() {
    return this.settings.kind === "noise" ? this.settings.seconds : this.#keyframes()[0].seconds;
  }

  set pace(seconds) {
    const keyframes = this.settings.keyframes.map((each) => ({ ...each, seconds }));
    this.change(this.settings.kind === "noise" ? { seconds } : { keyframes });
  }

  /** The number of the keyframe that is left or that noise is around. */
  get current() {
    if (this.settings.kind === "noise") return this.start ?? 0;
    const motion = this.#motion();
    return Math.max(motion.stops.findLastIndex((_, at) => motion.shareOf(at) <= this.share + Number.EPSILON), 0);
  }

  /** Go to a keyframe: a tour at once, noise in a glide. After the last comes the first. */
  go(number) {
    const count = this.settings.keyframes.length;
    if (!count) return;
    if (!this.isPerforming) {
      this.parts.show(fromLink(this.settings.keyframes[number % count].point, this.description));
      return;
    }
    if (this.settings.kind === "noise") {
      this.#leave(GLIDE_SECONDS);
      this.start = number % count;
      this.motion = null;
    } else {
      this.share = this.#motion().shareOf(number % count);
    }
    this.isStale = true;
  }

  /** Go to a moment, a share of the loop; where nothing plays, it is shown and stays. */
  seek(share) {
    const isFirst = !this.isPerforming;
    this.#begin();
    this.share = share % 1;
    this.isStale = true;
    if (!isFirst) return;
    this.isSought = true;
    this.parts.say("A moment of the loop");
    this.changed();
  }

  another() {
    const count = this.settings.keyframes.length;
    if (!this.isPerforming) this.parts.another();
    else if (count) this.go(this.current + 1 + Math.floor(Math.random() * Math.max(count - 1, 1)));
    else {
      this.#leave(GLIDE_SECONDS);
      this.alone = { ...this.alone, seed: randomSeed(), z: null, mixes: [], fine: null };
      this.motion = null;
    }
  }

  // ---- in time

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play() {
    this.#begin();
    this.isPlaying = true;
    this.isSought = false;
    this.parts.say("Playing");
    this.changed();
  }

  pause() {
    if (!this.isOpen) {
      this.rest();
      return;
    }
    this.isPlaying = false;
    this.changed();
  }

  /** What the page shows becomes what is played around; its sliders become the hands. */
  #begin() {
    if (this.isPerforming) return;
    this.parts.hush();
    const { published } = this.description;
    const { truncation, steps, ...state } = this.parts.state();
    this.alone = { ...state, truncation: published.truncation, steps: new Map() };
    if (!this.settings.keyframes.length) this.hands = { ...this.#still(), truncation, steps: new Map(steps) };
    this.motion = null;
    this.isStale = true;
    this.#wake();
  }

  /** Stop, and leave what is seen as the page's picture, which a link can say. */
  rest() {
    const { seen } = this;
    this.stop();
    if (!seen) return;
    const { classes } = this.description;
    const z = Float32Array.from(seen.z);
    const label = classes.length ? classes[seen.label] : null;
    this.parts.show({ ...this.parts.state(), z, label, mixes: [], fine: null, truncation: 1, steps: new Map() });
  }

  /** Stop where the page shows something else. */
  stop() {
    if (!this.isPerforming) return;
    this.isPlaying = this.isSought = false;
    this.before = this.seen = null;
    this.stage.close();
    this.alone = this.motion = null;
    if (!this.settings.keyframes.length) this.hands = this.#still();
    this.changed();
  }

  #wake() {
    this.ticking ??= requestAnimationFrame((now) => this.#tick(now));
  }

  #tick(now) {
    this.ticking = null;
    if (this.isDrawing) this.isLate = true;
    this.onTick?.(now);
    this.#step(now);
    if (this.isPerforming || this.onTick) this.#wake();
    else this.last = null;
  }

  #step(now) {
    const passed = clamped((now - (this.last ?? now)) / 1000, 0, LONGEST_STEP_SECONDS);
    this.last = now;
    if (!this.isPerforming || this.isHeld) return;
    if (!find("playhead").matches(":active")) this.#advance(passed); // else somebody holds it
    if (!this.isDrawing && (this.isPlaying || this.before || this.isStale)) this.#draw().catch(this.parts.fail);
  }

  #advance(passed) {
    const step = (motion, tempo) => (passed * tempo) / USUAL_TEMPO / motion.seconds;
    if (this.isPlaying) this.share = (this.share + step(this.#motion(), this.settings.tempo)) % 1;
    const { before } = this;
    if (!before) return;
    if (this.isPlaying) before.share = (before.share + step(before.motion, before.tempo)) % 1;
    before.passed += passed;
    if (before.passed >= before.seconds) this.before = null;
  }

  /** One picture at a time. After one that took longer than a frame of the screen the next is begun at once. */
  async #draw() {
    this.isDrawing = true;
    this.isStale = this.isLate = false;
    try {
      const moments = this.#moments(this.share, { motion: this.#motion(), hands: this.#offsets(), before: this.before });
      const images = await this.#drawn(moments);
      if (!this.isPerforming) return;
      this.seen = moments[0];
      this.stage.lay(images);
      this.stage.fit();
      if (!this.isOpen) for (const id of ["picture", "preview"]) copied(this.stage.canvas, find(id));
      this.played(this.share, this.current);
      this.live?.();
    } finally {
      this.isDrawing = false;
    }
    if (this.isLate) this.#step(performance.now());
  }

  /** The canvas of every frame of one loop, enlarged; the frame after the last would be the first. What plays waits. */
  async *frames(count, { width, height }, { isOpaque, told, isOver }) {
    const [laid, large] = [document.createElement("canvas"), document.createElement("canvas")];
    const now = { motion: this.#motion(), hands: this.#offsets(), settings: this.settings }; // whatever is moved meanwhile
    this.isHeld = true;
    try {
      for (let number = 0; number < count && !isOver(); number += 1) {
        this.stage.lay(await this.#drawn(this.#moments(number / count, now)), laid, now.settings);
        yield this.stage.enlarged(laid, large, { width, height }, isOpaque);
        told(number + 1);
        await new Promise((done) => setTimeout(done));
      }
    } finally {
      this.isHeld = false;
    }
  }

  // ---- full screen

  /** Only the picture. `isAsked`: by a press, which browsers want before they fill the screen. */
  async open({ isAsked = true } = {}) {
    this.#begin();
    const opening = this.stage.open({ isAsked });
    this.play();
    const note = await opening;
    if (note) this.parts.note(note);
  }

  /** Back to the page, with the picture that was seen. */
  leave() {
    if (this.isOpen) this.rest();
  }

  // ---- presets

  /** What is played now, as a preset. */
  toPreset(name) {
    const { truncation, steps } = this.hands;
    const alone = this.alone ? { ...this.alone, truncation, steps } : this.parts.state();
    const keyframes = [{ point: toLink(alone, this.description), seconds: 2, ease: "smooth" }];
    const played = this.settings.keyframes.length ? this.settings : { ...this.settings, keyframes };
    const more = Object.fromEntries(Object.entries(this.extras).map(([each, { get }]) => [each, get()]));
    return toPreset({ ...played, name }, this.description, more);
  }

  /** What this browser kept of the last visit, if it is still of this model and sound. */
  #keptSettings() {
    const { value } = this.kept;
    if (!value) return {};
    try {
      const alone = { point: "seed=0", seconds: 2, ease: "smooth" };
      const isAlone = !value.keyframes.length;
      const kept = { ...USUAL, ...value, keyframes: isAlone ? [alone] : value.keyframes };
      const { played } = fromPreset(checkedPreset(toPreset(kept, this.description), this.description));
      return isAlone ? { ...played, keyframes: [] } : played;
    } catch (error) {
      console.warn("what was kept here is left out", error);
      return {};
    }
  }
}

function copied(from, to) {
  if (to.width !== from.width || to.height !== from.height) Object.assign(to, { width: from.width, height: from.height });
  const context = to.getContext("2d");
  context.clearRect(0, 0, to.width, to.height);
  context.drawImage(from, 0, 0);
}
