// The panel that binds what plays (keys, controllers, sounds, messages) to what is played.

import { Bindings } from "./bindings.js";
import { Inputs } from "./inputs.js";
import { remembered } from "./memory.js";
import { Messages } from "./messages.js";
import { Sound } from "./sound.js";
import { handOver } from "./view.js";

const CHOOSABLE = {
  "sound:loudness": "sound: loudness",
  "sound:low": "sound: low",
  "sound:mid": "sound: middle",
  "sound:high": "sound: high",
  "sound:onset": "sound: onsets",
  "pointer:x": "pointer: left to right",
  "pointer:y": "pointer: bottom to top",
};
const SOUND_SMOOTHING = 0.1; // seconds: sounds tremble
const MOST_BINDINGS_BYTES = 100_000; // of a file of them
const BINDINGS_FILE = "ganvas-bindings.json";

/**
 * Build the panel in an element, and let bindings move what `performing` plays.
 *
 * performing.targets: as Bindings has them; performing.onTick is set here, and performing.extras.bindings, by which presets
 * keep them. say(words): tell how something went.
 */
export function mountControl(performing, element, say) {
  return new ControlPanel(performing, element, say);
}

class ControlPanel {
  constructor(performing, element, say) {
    Object.assign(this, { performing, element, say });
    this.kept = remembered("bindings", null);
    this.bindings = new Bindings(() => performing.targets, () => this.#bound());
    const feed = (source, value) => this.bindings.feed(source, value);
    this.feed = feed;
    this.inputs = new Inputs(feed, (source) => this.bindings.wants(source));
    this.sound = new Sound();
    this.#build();
    this.messages = new Messages(feed, (words) => (this.osc.textContent = words));
    if (this.kept.value) this.#take(this.kept.value);
    performing.extras.bindings = { get: () => this.bindings.toJSON(), set: (given) => this.#take(given) };
    performing.onTick = (now) => this.#tick(now);
  }

  #tick(now) {
    this.inputs.poll();
    this.sound.poll(now, this.feed);
    this.bindings.tick(now);
  }

  #build() {
    this.target = newElement("select", { ariaLabel: "What is moved" });
    this.target.addEventListener("focus", () => this.#fillTargets()); // keyframes come and go
    this.learning = newElement("button", { type: "button", textContent: "Learn" });
    this.learning.addEventListener("click", () => this.#learn());
    this.source = newElement("select", { ariaLabel: "What moves it" });
    this.source.append(new Option("or choose what moves it", ""));
    for (const [source, name] of Object.entries(CHOOSABLE)) this.source.append(new Option(name, source));
    this.source.addEventListener("change", () => this.#choose());
    this.list = newElement("ul", { className: "bindings" });
    this.list.ariaLabel = "Bindings";
    const hint = newElement("p", { className: "hint" });
    hint.textContent = "Press Learn, then a key, or move a controller. Sounds and the pointer are chosen from the list.";
    this.element.append(hint, newRow("actions", this.target, this.learning, this.source), this.list);
    this.#buildDevices();
    this.#buildFiles();
    this.#fillTargets();
    this.#show();
  }

  #buildDevices() {
    const hasMidi = navigator.requestMIDIAccess;
    const midi = this.#device("Use MIDI", "MIDI: not asked for yet.", hasMidi, "MIDI: this browser has no Web MIDI.");
    midi.button.addEventListener("click", () => {
      const changed = (names) => (midi.told.textContent = `MIDI: ${names.join(", ") || "no controller is connected."}`);
      this.#try(midi.told, "MIDI", this.inputs.midi(changed));
    });
    const hasMicrophone = navigator.mediaDevices?.getUserMedia && globalThis.AudioContext;
    const microphone = this.#device("Use the microphone", "Microphone: not asked for yet.", hasMicrophone,
      "Microphone: this browser gives none to a page at this address.");
    microphone.button.addEventListener("click", () => {
      if (this.sound.kind === "microphone") this.#silence();
      else this.#try(microphone.told, "Microphone", this.sound.microphone().then(() => this.#listening()));
    });
    this.microphone = microphone;
    this.audio = newElement("audio", { controls: true, hidden: true, loop: false });
    const file = newElement("input", { type: "file", accept: "audio/*", hidden: true, ariaLabel: "A sound file" });
    const isHeard = globalThis.AudioContext;
    const unheard = "Sound file: this browser analyses no sound.";
    const sounds = (this.sounds = this.#device("Choose a sound file", "Sound file: none yet.", isHeard, unheard));
    sounds.button.addEventListener("click", () => file.click());
    file.addEventListener("change", () => {
      const [chosen] = file.files;
      file.value = ""; // so that the same can be chosen again
      if (chosen) this.#try(sounds.told, "Sound file", this.#play(chosen, sounds.told));
    });
    this.element.append(file, this.audio);
    const pads = newElement("p", { className: "hint" });
    const hasPads = navigator.getGamepads;
    pads.textContent = `Gamepad: ${hasPads ? "press one of its buttons to wake it." : "this browser has none."}`;
    addEventListener("gamepadconnected", ({ gamepad }) => (pads.textContent = `Gamepad: ${gamepad.id}`));
    addEventListener("gamepaddisconnected", () => (pads.textContent = "Gamepad: it is gone."));
    this.osc = newElement("p", { className: "hint" });
    this.element.append(pads, this.osc);
  }

  #device(name, waiting, isThere, missing) {
    const button = newElement("button", { type: "button", textContent: name, disabled: !isThere });
    const told = newElement("p", { className: "hint", textContent: isThere ? waiting : missing });
    told.setAttribute("role", "status");
    this.element.append(newRow("actions device", button, told));
    return { button, told };
  }

  #buildFiles() {
    const save = newElement("button", { type: "button", textContent: "Save the bindings" });
    const type = "application/json";
    save.addEventListener("click", () => handOver(new Blob([JSON.stringify(this.bindings)], { type }), BINDINGS_FILE));
    const chosen = newElement("input", { type: "file", accept: `${type},.json`, hidden: true });
    chosen.ariaLabel = "A file of bindings";
    const open = newElement("button", { type: "button", textContent: "Open bindings" });
    open.addEventListener("click", () => chosen.click());
    chosen.addEventListener("change", async () => {
      const [file] = chosen.files;
      if (!file) return;
      if (file.size > MOST_BINDINGS_BYTES) this.say(`${file.name} is larger than bindings are`);
      else this.#take(await file.text().then(JSON.parse).catch(() => null)); // null is no bindings, and is said so
      chosen.value = "";
    });
    this.element.append(newRow("actions", save, open, chosen));
  }

  #fillTargets() {
    const { value } = this.target;
    this.target.replaceChildren(...this.performing.targets.map(({ name, label }) => new Option(label, name)));
    if (value) this.target.value = value;
  }

  #learn() {
    const { learning } = this.bindings;
    try {
      this.bindings.learn(learning ? null : this.target.value);
    } catch (error) {
      this.say(error.message);
      return;
    }
    this.learning.textContent = learning ? "Learn" : "Press or move it …";
    this.learning.setAttribute("aria-pressed", !learning);
  }

  /** One was learnt. */
  #bound() {
    this.learning.textContent = "Learn";
    this.learning.setAttribute("aria-pressed", false);
    this.#keep();
    this.#show();
  }

  #choose() {
    const { value: source } = this.source;
    if (!source) return;
    this.source.value = "";
    try {
      const smoothing = source.startsWith("sound:") ? SOUND_SMOOTHING : 0;
      this.bindings.add({ target: this.target.value, source, smoothing });
    } catch (error) {
      this.say(error.message);
    }
    this.#keep();
    this.#show();
  }

  #keep() {
    this.kept.value = this.bindings.toJSON();
  }

  #take(given) {
    try {
      this.bindings.fromJSON(given);
      this.#keep();
    } catch (error) {
      this.say(error.message);
    }
    this.#show();
  }

  #show() {
    this.list.replaceChildren(...this.bindings.list.map((binding) => this.#rowFor(binding)));
  }

  #rowFor(binding) {
    const target = this.bindings.find(binding.target);
    const name = target?.label ?? binding.target;
    const row = newElement("li");
    row.append(newElement("span", { textContent: `${name} ← ${CHOOSABLE[binding.source] ?? binding.source}` }));
    if (!target?.fire) {
      for (const [field, words] of Object.entries({ low: "from", high: "to", smoothing: "smoothing, s" })) {
        const input = newElement("input", { type: "number", step: "any", value: binding[field] });
        input.ariaLabel = `${name}: ${words}`;
        input.addEventListener("change", () => this.#change(binding, field, input));
        const label = newElement("label", { className: "inline" });
        label.append(words, " ", input);
        row.append(label);
      }
    }
    const remove = newElement("button", { type: "button", textContent: "Remove", ariaLabel: `Remove ${row.textContent}` });
    remove.addEventListener("click", () => {
      this.bindings.remove(binding);
      this.#keep();
      this.#show();
    });
    row.append(remove);
    return row;
  }

  #change(binding, field, input) {
    try {
      this.bindings.change(binding, { [field]: input.valueAsNumber });
      this.#keep();
    } catch (error) {
      this.say(error.message);
    }
    input.value = binding[field];
  }

  async #play(file, told) {
    this.#silence();
    this.audio.hidden = false;
    try {
      await this.sound.file(file, this.audio);
    } catch (error) {
      this.audio.hidden = true;
      throw error.name === "NotSupportedError" ? new Error(`${file.name} is no sound that this browser can play`) : error;
    }
    told.textContent = `Sound file: ${file.name}`;
  }

  #listening() {
    this.audio.hidden = true;
    this.microphone.told.textContent = "Microphone: listening.";
    this.sounds.told.textContent = "Sound file: none is played.";
    this.microphone.button.textContent = "Stop listening";
  }

  #silence() {
    this.sound.stop();
    this.microphone.button.textContent = "Use the microphone";
    if (this.microphone.button.disabled) return;
    this.microphone.told.textContent = "Microphone: off.";
  }

  /** Say beside a device why it could not be had. */
  #try(told, device, working) {
    working.catch((error) => {
      console.warn(error);
      if (device !== "MIDI") this.sound.stop();
      const isRefused = error.name === "NotAllowedError" || error.name === "SecurityError";
      const why = isRefused ? "it was refused; the browser's settings of this page allow it" : error.message;
      told.textContent = `${device}: ${why}`;
    });
  }
}

function newElement(tag, fields = {}) {
  return Object.assign(document.createElement(tag), fields);
}

function newRow(className, ...parts) {
  const row = newElement("div", { className });
  row.append(...parts);
  return row;
}
