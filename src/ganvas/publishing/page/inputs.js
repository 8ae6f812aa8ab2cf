// What hands do: keys, a gamepad, the pointer and MIDI, each as a source and a value from 0 to 1.

const TYPED_IN = "input:not([type=range]):not([type=checkbox]), select, textarea";

/** The name of a key as a source has it. */
export function keySource(key) {
  return `key:${key === " " ? "space" : key.length === 1 ? key.toLowerCase() : key}`;
}

/** { source, value } of a MIDI message, or null for what moves nothing. Source: MIDI 1.0, table of status bytes. */
export function fromMidi(data) {
  const [status = 0, first = 0, second = 0] = data ?? [];
  const channel = (status & 15) + 1;
  switch (status >> 4) {
    case 8:
      return { source: `midi:${channel}:note:${first & 127}`, value: 0 };
    case 9: // a note with velocity 0 is one that ends
      return { source: `midi:${channel}:note:${first & 127}`, value: (second & 127) / 127 };
    case 11:
      return { source: `midi:${channel}:cc:${first & 127}`, value: (second & 127) / 127 };
    case 14:
      return { source: `midi:${channel}:bend`, value: (((second & 127) << 7) | (first & 127)) / 16383 };
    default:
      return null;
  }
}

/** `feed(source, value)` is told what moves; `wants(source)` whether anything listens to it. */
export class Inputs {
  constructor(feed, wants) {
    this.feed = feed;
    this.wants = wants;
    this.held = new Map(); // keys that are down, by their place on the keyboard -> source: Shift may change the letter
    this.pads = new Map(); // source of a gamepad -> its last value
    this.midiAccess = null;
    addEventListener("keydown", (event) => this.#key(event, 1), { capture: true }); // before the page's own keys
    addEventListener("keyup", (event) => this.#key(event, 0), { capture: true });
    addEventListener("blur", () => this.#release());
    addEventListener("pointermove", ({ clientX, clientY }) => {
      this.feed("pointer:x", clippedShare(clientX / innerWidth));
      this.feed("pointer:y", clippedShare(1 - clientY / innerHeight)); // up is more
    });
  }

  /** Ask for MIDI, without system-exclusive messages. `changed(names)`: is told which inputs there are. */
  async midi(changed) {
    if (!navigator.requestMIDIAccess) throw new Error("this browser has no Web MIDI");
    this.midiAccess ??= await navigator.requestMIDIAccess({ sysex: false }); // one, however often it is asked for
    const listen = () => {
      const inputs = [...this.midiAccess.inputs.values()];
      for (const input of inputs) input.onmidimessage = ({ data }) => this.#midiMessage(data);
      changed(inputs.map(({ name }) => name ?? "a controller"));
    };
    this.midiAccess.onstatechange = listen;
    listen();
  }

  /** Look at the gamepads, once a frame: they tell nothing by themselves. */
  poll() {
    for (const pad of gamepads()) {
      if (!pad?.connected || pad.index > 3) continue;
      pad.axes.forEach((value, at) => this.#pad(`pad:${pad.index}:axis:${at}`, clippedShare((value + 1) / 2)));
      pad.buttons.forEach(({ value }, at) => this.#pad(`pad:${pad.index}:button:${at}`, clippedShare(value)));
    }
  }

  #pad(source, value) {
    if (this.pads.get(source) === value) return;
    this.pads.set(source, value);
    this.feed(source, value);
  }

  #midiMessage(data) {
    const found = fromMidi(data);
    if (found) this.feed(found.source, found.value);
  }

  #key(event, value) {
    if (value && (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.(TYPED_IN))) return;
    if (!event.key) return; // where a browser fills a field in
    const source = keySource(event.key);
    if (event.key === "Tab" || event.key === "Escape") return; // whoever has only a keyboard needs these
    if (value ? !this.wants(source) : !this.held.has(event.code)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat) return;
    if (value) this.held.set(event.code, source);
    this.feed(this.held.get(event.code), value);
    if (!value) this.held.delete(event.code);
  }

  /** No key is down any more in a window that is left. */
  #release() {
    for (const source of this.held.values()) this.feed(source, 0);
    this.held.clear();
  }
}

/** What is plugged in. A frame on another page may be allowed none: then there is none. */
export function gamepads() {
  try {
    return navigator.getGamepads?.() ?? [];
  } catch (error) {
    if (error.name === "SecurityError") return [];
    throw error;
  }
}

function clippedShare(share) {
  return Math.min(Math.max(share, 0), 1) || 0;
}
