// What moves what: sources (keys, controllers, sounds, messages) feed targets. No page and no clock of its own.

export const MOST_BINDINGS = 256;
export const MOST_SMOOTHING_SECONDS = 10;
const BINDINGS_VERSION = 1;
const RISE = 0.5; // a trigger fires where its source rises through this
const LEARNT_MOVE = 0.1; // of a source's whole range: more than a controller at rest trembles
const MOST_RESTS = 512; // sources of which it is known where they were last
const SETTLED = 1e-4; // of the whole range: closer than this is there
const LARGEST_LIMIT = 2 ** 64; // the largest that a target counts to, which is a seed

const SOURCES = [
  /^key:\S{1,20}$/u,
  /^midi:([1-9]|1[0-6]):((cc|note):(\d|[1-9]\d|1[01]\d|12[0-7])|bend)$/,
  /^pad:[0-3]:(axis|button):[12]?\d$/,
  /^sound:(loudness|low|mid|high|onset)$/,
  /^pointer:[xy]$/,
  /^message:[\x21-\x7e]{1,64}$/,
];
const LEARNABLE = /^(key|midi|pad|message):/; // sounds and the pointer move by themselves
const TARGET_NAME = /^[a-z]{1,20}(:([a-z]{1,20}|\d{1,4}))?$/;

/** Whether a text names a source. */
export function isSource(text) {
  return typeof text === "string" && SOURCES.some((pattern) => pattern.test(text));
}

/**
 * Bindings, each { target, source, low, high, smoothing }.
 *
 * target: the name of one of `targets()`; source: as in SOURCES; low, high: what the target is at a source's 0 and 1,
 * in the target's own unit, in either order; smoothing: seconds until 63 % of a step is reached, 0 to 10.
 * `targets()` gives what there is now: { name, label, least, most, get(), set(value) } or { name, label, fire() }.
 */
export class Bindings {
  constructor(targets, bound = () => {}) {
    this.targets = targets;
    this.bound = bound; // is told when one was learnt
    this.list = [];
    this.states = new Map(); // binding -> { wanted, now, level }
    this.learning = null; // { target, rests }
    this.rests = new Map(); // source -> its last value
    this.tickedAt = null;
  }

  find(name) {
    return this.targets().find((target) => target.name === name);
  }

  /** Bind a source to a target; what is not given is as it comes. Returns the binding. */
  add({ target, source, low, high, smoothing = 0 }) {
    const found = this.find(target);
    const range = { low: low ?? found?.least ?? 0, high: high ?? found?.most ?? 1 };
    const binding = checkedBinding({ target, source, ...range, smoothing });
    this.#checkRoom();
    this.list.push(binding);
    this.states.set(binding, { wanted: null, now: null, level: 0 });
    return binding;
  }

  remove(binding) {
    this.list = this.list.filter((each) => each !== binding);
    this.states.delete(binding);
  }

  /** Change a binding's low, high or smoothing; an impossible value throws and changes nothing. */
  change(binding, changes) {
    Object.assign(binding, checkedBinding({ ...binding, ...changes }));
    this.states.get(binding).now = null; // so that the target follows at once
  }

  /** Bind the next source that moves to a target; null: none any more. Throws where there is no room for one. */
  learn(target) {
    if (target !== null) this.#checkRoom();
    this.learning = target === null ? null : { target, rests: new Map(this.rests) };
  }

  /** Whether anything listens to a source now. */
  wants(source) {
    return this.list.some((binding) => binding.source === source) || (this.learning !== null && LEARNABLE.test(source));
  }

  /** A source is at a value, 0 to 1. Triggers fire at once; numbers follow in `tick`. */
  feed(source, value) {
    if (!(value >= 0 && value <= 1)) return;
    if (LEARNABLE.test(source)) this.#move(source, value);
    for (const binding of this.list) {
      if (binding.source !== source) continue;
      const state = this.states.get(binding);
      const rise = isNote(source) ? 0 : RISE;
      const isRise = state.level <= rise && value > rise;
      state.level = value;
      state.wanted = value;
      if (isRise) this.find(binding.target)?.fire?.();
    }
  }

  /** Move the targets on to a moment, in milliseconds. Source: the step response of a first-order low-pass. */
  tick(now) {
    const seconds = this.tickedAt === null ? 0 : Math.max(now - this.tickedAt, 0) / 1000;
    this.tickedAt = now;
    for (const binding of this.list) {
      const state = this.states.get(binding);
      if (state.wanted === null || state.wanted === state.now) continue;
      const target = this.find(binding.target);
      if (!target?.set) continue;
      const from = state.now ?? shareOf(target.get(), binding);
      let to = state.wanted;
      if (binding.smoothing > 0 && from !== null) {
        to += (from - to) * Math.exp(-seconds / binding.smoothing);
        if (Math.abs(to - state.wanted) < SETTLED) to = state.wanted;
      }
      state.now = to;
      const value = binding.low + (binding.high - binding.low) * to;
      target.set(Math.min(Math.max(value, target.least), target.most));
    }
  }

  toJSON() {
    return { version: BINDINGS_VERSION, bindings: this.list.map((binding) => ({ ...binding })) };
  }

  /** Take over what `toJSON` gave, from wherever it comes; what is wrong is said, and changes nothing. */
  fromJSON(given) {
    const isKnown = given?.version === BINDINGS_VERSION && Array.isArray(given.bindings);
    if (!isKnown) throw new Error("these are no bindings of Ganvas");
    if (given.bindings.length > MOST_BINDINGS) throw new Error(`more than ${MOST_BINDINGS} bindings`);
    const list = given.bindings.map(checkedBinding);
    this.list = [];
    this.states.clear();
    list.forEach((binding) => this.add(binding));
  }

  #checkRoom() {
    if (this.list.length >= MOST_BINDINGS) throw new Error(`there are ${MOST_BINDINGS} bindings; remove one first`);
  }

  /** Note where a source is, and bind it if that is what is waited for. */
  #move(source, value) {
    if (!isSource(source)) return;
    if (!this.rests.has(source) && this.rests.size >= MOST_RESTS) this.rests.delete(this.rests.keys().next().value);
    this.rests.set(source, value);
    if (!this.learning) return;
    const { target, rests } = this.learning;
    if (!rests.has(source)) {
      if (rests.size >= 2 * MOST_RESTS) return;
      rests.set(source, restOf(source, value));
    }
    if (Math.abs(value - rests.get(source)) <= (isNote(source) ? 0 : LEARNT_MOVE)) return;
    this.learning = null;
    this.bound(this.add({ target, source }));
  }
}

/** Whether a source is a note, which counts however softly it is struck. */
function isNote(source) {
  return source.includes(":note:");
}

/** Where a source stands before it moves: keys, notes and buttons are up; of others the first value tells. */
function restOf(source, value) {
  return /^key:|:note:|:button:/.test(source) ? 0 : value;
}

/** How far a target stands between a binding's low and high, 0 to 1; null where it has no number. */
function shareOf(value, { low, high }) {
  const share = (Number(value) - low) / (high - low);
  return Number.isFinite(share) ? Math.min(Math.max(share, 0), 1) : null;
}

/** A binding as a stranger's file may give it, or an error that says what is wrong. */
function checkedBinding(given) {
  const { target, source, low, high, smoothing } = given ?? {};
  const isTarget = typeof target === "string" && TARGET_NAME.test(target);
  if (!isTarget) throw new Error(`${inQuotes(target)} is nothing that can be moved`);
  if (!isSource(source)) throw new Error(`${inQuotes(source)} is nothing that moves something`);
  for (const [name, limit] of Object.entries({ low, high })) {
    const isLimit = Number.isFinite(limit) && Math.abs(limit) <= LARGEST_LIMIT;
    if (!isLimit) throw new Error(`${name} of ${target}: ${inQuotes(limit)} is no number that it can have`);
  }
  if (!(smoothing >= 0 && smoothing <= MOST_SMOOTHING_SECONDS) || typeof smoothing !== "number") {
    throw new Error(`smoothing of ${target}: expected 0 to ${MOST_SMOOTHING_SECONDS} seconds, not ${inQuotes(smoothing)}`);
  }
  return { target, source, low, high, smoothing };
}

function inQuotes(value) {
  const words = typeof value === "object" ? JSON.stringify(value) : String(value); // not every object becomes a text
  return `“${words.slice(0, 40)}”`;
}
