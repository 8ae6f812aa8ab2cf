// The panel of what is played: how it moves, its keyframes, recordings and presets.

import { fillRange, moved, paired } from "./controls.js";
import { Keyframes } from "./keyframes.js";
import { toLink } from "./link.js";
import { remembered } from "./memory.js";
import { MOST_TAPS, USUAL_TEMPO, clamped, tempoOf } from "./motion.js";
import { LONGEST_SECONDS, MOST_BYTES, MOST_CELLS_A_SIDE, MOST_KEYFRAMES, SHORTEST_SECONDS } from "./presets.js";
import { checkedPreset, fromPreset, presetFromLink, presetToLink, readPreset } from "./presets.js";
import { LiveRecording, canEncode, canRecordLive, toPngs, toWebm } from "./record.js";
import { stretched } from "./timeline.js";
import { find, handOver } from "./view.js";

const USUAL_WAY = { seconds: 2, ease: "smooth" };
const USUAL_FILM_PX = 512; // of the longer side, as the command has it
const LARGEST_FILM_PX = 4096;
const MOST_FRAMES = 10_000; // that a browser holds until they are handed over
const MOST_FPS = 120;

/** `state()`, `show(state)`, `describe(state)` of the page's picture; `stars()`: links; `rest()`: stop what moves. */
export class Panel {
  constructor(generator, performance, parts) {
    Object.assign(this, { generator, performance, ...parts, taps: [] });
    this.description = generator.description;
    this.saved = remembered("presets", [], {
      sound: (found) => found.filter((each) => typeof each?.name === "string"), // whole ones are checked when they are chosen
      changed: () => this.#list(),
    });
    this.keyframes = new Keyframes(generator, {
      ...{ describe: parts.describe, breath: parts.breath },
      changed: (keyframes) => performance.change({ keyframes }),
      go: (number) => performance.go(number),
      fail: (error) => this.#note("perform", error.message),
    });
    performance.changed = () => this.fill();
    performance.played = (share, number) => this.#follow(share, number);
    performance.parts.note = (words) => this.#note("perform", words);
    this.#listen();
    this.#lacks();
    this.#scale();
    this.fill();
    this.#list();
  }

  #note(part, words) {
    find(`${part}-note`).textContent = words;
  }

  /** Play what an address holds, if it holds a preset; whether it does. */
  takeLink(link) {
    try {
      const preset = presetFromLink(link, this.description);
      if (!preset) return false;
      find("perform").open = true;
      this.#take(preset);
      this.performance.play();
    } catch (error) {
      find("perform").open = true;
      this.#note("preset", error.message);
      this.say(error.message);
    }
    return true;
  }

  /** Leave out the keyframes of earlier visits, this time: the address names a picture. */
  playAround() {
    this.performance.change({ kind: "noise", keyframes: [] }, { isKept: false });
  }

  /** Let everything say how it is played. */
  fill() {
    const { settings, isPlaying } = this.performance;
    const isNoise = settings.kind === "noise";
    find("perform-kind").value = settings.kind;
    fillRange(find("perform-radius"), settings.radius);
    fillRange(find("perform-tempo"), settings.tempo);
    find("perform-radius").parentElement.hidden = !isNoise;
    find("perform-seconds").parentElement.hidden = !isNoise && !settings.keyframes.length;
    this.#fillNumber("perform-seconds", this.performance.loopSeconds);
    this.#fillNumber("perform-columns", settings.columns);
    this.#fillNumber("perform-rows", settings.rows);
    find("perform-smooth").value = settings.isSmooth ? "yes" : "no";
    find("perform-mirrored").value = settings.isMirrored ? "yes" : "no";
    find("perform-play").textContent = isPlaying ? "Stop" : "Play here";
    find("perform-play").setAttribute("aria-pressed", isPlaying);
    if (this.listed !== settings.keyframes) this.keyframes.fill((this.listed = settings.keyframes));
    const isStill = settings.kind === "tour" && settings.keyframes.length < 2;
    if (isStill !== this.isStill) this.#note("perform", isStill ? "A walk needs two keyframes at least." : "");
    this.isStill = isStill;
    find("keyframes").classList.toggle("timed", !isNoise);
    this.#point(this.performance.share);
  }

  /** Where in the loop it is, and at which keyframe. */
  #follow(share, number) {
    this.#point(share);
    const item = find("keyframes").children[number];
    if (item?.ariaCurrent === "true") return;
    for (const each of find("keyframes").children) each.removeAttribute("aria-current");
    item?.setAttribute("aria-current", "true");
  }

  /** Let the playhead be at a share of the loop, unless somebody holds it. */
  #point(share) {
    const playhead = find("playhead");
    if (!playhead.matches(":active")) playhead.value = share;
    const [at, whole] = [share, 1].map((each) => (each * this.performance.loopSeconds).toFixed(1));
    const words = `${at} of ${whole} s`;
    if (find("moment").textContent !== words) playhead.ariaValueText = find("moment").textContent = words;
  }

  #fillNumber(id, value) {
    if (document.activeElement !== find(id)) find(id).value = Math.round(value * 100) / 100;
  }

  #listen() {
    const { performance } = this;
    const on = (id, act) => find(id).addEventListener("click", act);
    const chosen = (id, act) => find(id).addEventListener("change", ({ target }) => act(target.value, target));
    on("perform-open", () => performance.open().catch((error) => this.#note("perform", error.message)));
    on("perform-play", () => performance.toggle());
    on("perform-tap", () => this.#tap());
    chosen("perform-kind", (kind) => performance.change({ kind }));
    for (const id of ["perform-radius", "perform-tempo"]) paired(find(id), find(`${id}-typed`));
    moved(find("perform-radius"), (radius) => performance.change({ radius }), 1);
    moved(find("perform-tempo"), (tempo) => performance.change({ tempo }), USUAL_TEMPO);
    this.#typed("perform-seconds", SHORTEST_SECONDS, LONGEST_SECONDS, (seconds) => {
      const { kind, keyframes } = performance.settings;
      performance.change(kind === "noise" ? { seconds } : { keyframes: stretched(keyframes, seconds) });
    });
    find("playhead").addEventListener("input", ({ target }) => performance.seek(target.valueAsNumber));
    for (const side of ["columns", "rows"]) {
      this.#typed(`perform-${side}`, 1, MOST_CELLS_A_SIDE, (value) => {
        performance.change({ [side]: Math.round(value) });
        this.#scale();
      });
    }
    chosen("perform-smooth", (value) => performance.change({ isSmooth: value === "yes" }));
    chosen("perform-mirrored", (value) => performance.change({ isMirrored: value === "yes" }));
    on("keyframes-add", () => this.#add([toLink(this.rested(), this.description)]));
    on("keyframes-stars", () => this.#add(this.stars()));
    on("keyframes-clear", () => performance.change({ keyframes: [] }));
    on("record-loop", () => this.#loop().catch((error) => this.#note("record", `It did not work: ${error.message}`)));
    on("record-live", () => this.#live().catch((error) => this.#note("record", `It did not work: ${error.message}`)));
    on("preset-save", () => this.#save());
    on("preset-load", () => this.#chosen((preset) => this.#take(preset)));
    on("preset-morph", () => this.#chosen((preset) => this.#take(preset, this.#seconds())));
    on("preset-delete", () => this.#chosen((preset) => this.#delete(preset)));
    on("preset-export", () => this.#export());
    on("preset-import", () => find("preset-file").click());
    on("preset-share", () => this.#share().catch((error) => this.#note("preset", error.message)));
    find("preset-file").addEventListener("change", ({ target }) => {
      this.#import(target.files[0]).catch((error) => this.#note("preset", error.message));
      target.value = "";
    });
  }

  #typed(id, least, most, act) {
    find(id).addEventListener("change", ({ target }) => {
      const value = clamped(target.valueAsNumber || least, least, most);
      target.value = value;
      act(value);
    });
  }

  /** Say in place what this browser lacks. */
  #lacks() {
    const lacks = [];
    if (!canEncode()) {
      find("record-as").querySelector("[value=webm]").disabled = true;
      find("record-as").value = "png";
      lacks.push("This browser writes no films frame by frame; frames as PNG work.");
    }
    if (!canRecordLive()) {
      find("record-live").disabled = true;
      lacks.push("It cannot record live.");
    }
    this.#note("record", lacks.join(" "));
  }

  #tap() {
    this.taps = [...this.taps.slice(1 - MOST_TAPS), globalThis.performance.now()];
    const tempo = tempoOf(this.taps);
    if (tempo !== null) this.performance.change({ tempo: Math.round(tempo) });
  }

  #add(points) {
    const there = this.performance.settings.keyframes;
    const added = points.slice(0, MOST_KEYFRAMES - there.length).map((point) => ({ point, ...USUAL_WAY }));
    const isFirst = !there.length && added.length;
    this.keyframes.chosen = there.length + added.length - 1;
    this.performance.change({ keyframes: [...there, ...added], ...(isFirst ? { kind: "tour" } : {}) });
    if (!points.length) this.#note("perform", "Nothing is starred yet.");
  }

  // ---- recordings

  get #size() {
    const { width, height } = this.description;
    const { columns, rows } = this.performance.settings;
    return { width: width * columns, height: height * rows };
  }

  /** As far as the usual size of a film, until somebody says how far. */
  #scale() {
    const { width, height } = this.#size;
    find("record-scale").value = Math.max(Math.floor(USUAL_FILM_PX / Math.max(width, height)), 1);
  }

  #film() {
    const { width, height } = this.#size;
    const most = Math.max(Math.floor(LARGEST_FILM_PX / Math.max(width, height)), 1);
    const scale = clamped(Math.round(find("record-scale").valueAsNumber) || 1, 1, most);
    const fps = clamped(Math.round(find("record-fps").valueAsNumber) || 30, 1, MOST_FPS);
    return { fps, width: width * scale, height: height * scale };
  }

  async #loop() {
    if (this.recording) {
      this.recording.isOver = true;
      return;
    }
    const kind = find("record-as").value;
    const { fps, width, height } = this.#film();
    const { performance } = this;
    const count = Math.max(Math.round(performance.seconds * fps), 1);
    if (count > MOST_FRAMES) {
      const [asked, most] = [count, MOST_FRAMES].map((each) => each.toLocaleString());
      this.#note("record", `${asked} frames are more than a page can hold, ${most}.`);
      return;
    }
    const recording = (this.recording = { isOver: false });
    find("record-loop").textContent = "Stop";
    try {
      const told = (number) => this.#note("record", `${number} of ${count} frames`);
      const frames = performance.frames(count, { width, height }, { isOpaque: kind === "webm", told, isOver: () => recording.isOver });
      const film = await (kind === "webm" ? toWebm(frames, { width, height, fps }) : toPngs(frames));
      if (!recording.isOver) handOver(film, `${this.#name()}.${kind === "webm" ? "webm" : "zip"}`);
      this.#note("record", recording.isOver ? "Stopped." : `${count} frames were saved; the film ends where it begins.`);
    } finally {
      this.recording = null;
      find("record-loop").textContent = "Save one loop";
    }
  }

  /** Begin to record what is played, or end it. */
  async #live() {
    const { performance } = this;
    if (this.isEnding) return;
    if (this.liveRecording) {
      this.isEnding = true;
      const bytes = await this.liveRecording.stop(this.#name()).finally(() => (this.isEnding = false));
      this.liveRecording = performance.live = null;
      this.#note("record", `${(bytes / 1e6).toLocaleString(undefined, { maximumFractionDigits: 1 })} MB were saved.`);
    } else {
      const canvas = document.createElement("canvas");
      const size = this.#film(); // until it ends, whatever the grid becomes
      if (!performance.isPerforming) performance.play();
      performance.isStale = true;
      await new Promise((done) => (performance.live = done)); // what was seen before is of another size
      performance.live = () => performance.stage.enlarged(performance.stage.canvas, canvas, size, true);
      performance.live();
      this.liveRecording = new LiveRecording(canvas);
      this.#note("record", "Recording; press again to save it.");
    }
    find("record-live").textContent = this.liveRecording ? "Save it" : "Record live";
    find("record-live").setAttribute("aria-pressed", Boolean(this.liveRecording));
  }

  // ---- presets

  #name() {
    return find("preset-name").value.trim().replaceAll(/[^\p{L}\p{N} ._-]+/gu, " ").trim() || "loop";
  }

  #preset() {
    return this.performance.toPreset(find("preset-name").value.trim());
  }

  #list(chosen = 0) {
    const list = find("preset-list");
    list.replaceChildren(...this.saved.value.map(({ name }, at) => new Option(name || `preset ${at + 1}`, at)));
    if (!this.saved.value.length) list.append(new Option("none yet", ""));
    else list.value = chosen;
    for (const act of ["load", "morph", "delete"]) find(`preset-${act}`).disabled = !this.saved.value.length;
  }

  #save() {
    const preset = this.#preset();
    const others = this.saved.value.filter(({ name }) => !preset.name || name !== preset.name);
    this.saved.value = [...others, preset];
    this.#list(others.length);
    this.#note("preset", this.saved.isKept ? "It is kept in this browser." : "This browser has no room to keep it; export it.");
  }

  /** What is chosen in the list, which is checked as a stranger's is: others may write where a browser keeps it. */
  #chosen(act) {
    try {
      act(checkedPreset(this.saved.value[find("preset-list").value], this.description));
    } catch (error) {
      this.#note("preset", error.message);
    }
  }

  #seconds() {
    return clamped(find("preset-seconds").valueAsNumber || 0, 0, 600);
  }

  #take(preset, seconds = 0) {
    const { played, more } = fromPreset(preset);
    find("preset-name").value = played.name;
    for (const [name, { set }] of Object.entries(this.performance.extras)) if (name in more) set(more[name]);
    this.performance.morphTo(played, seconds);
    this.#scale();
    this.#note("preset", `${played.keyframes.length === 1 ? "One keyframe" : `${played.keyframes.length} keyframes`} loaded.`);
  }

  #delete(preset) {
    if (!confirm(`Delete the preset ${preset.name || "without a name"}?`)) return;
    this.saved.value = this.saved.value.toSpliced(Number(find("preset-list").value), 1);
    this.#list();
  }

  #export() {
    const preset = this.#preset();
    const stored = `${JSON.stringify(preset, null, 1)}\n`;
    handOver(new Blob([stored], { type: "application/json" }), `${this.#name()}.json`);
  }

  async #import(file) {
    if (!file) return;
    if (file.size > MOST_BYTES) throw new Error(`That is no preset: it has more than ${MOST_BYTES.toLocaleString()} bytes`);
    this.#take(readPreset(await file.text(), this.description));
  }

  async #share() {
    const link = `#${presetToLink(this.#preset())}`;
    if (!navigator.clipboard) throw new Error(`This browser lets no page copy from here. The address ends with ${link}`);
    await navigator.clipboard.writeText(location.protocol === "file:" ? link : new URL(link, location.href).href);
    this.#note("preset", "The link was copied. With #perform& before preset= it opens in full screen.");
  }
}
