// What other pages of this host say, and what `ganvas serve --control` passes on: { name, value }, value from 0 to 1.

const CHANNEL = "ganvas";
const TOKEN_KEPT = "ganvas:control";
const MOST_MESSAGE_LETTERS = 1000;
const FIRST_PAUSE_MS = 1000; // before another try to connect; each one doubles it,
const LONGEST_PAUSE_MS = 30_000; // up to this

const NOT_CONNECTED = "OSC: not connected. “ganvas serve --control” shows an address that connects it.";

const controlToken = givenToken(); // read now: the address is about to say something else

/** { source, value } of a message, or null for one that is none. `data`: the object, or its JSON. */
export function fromMessage(data) {
  let said = data;
  if (typeof data === "string") {
    if (data.length > MOST_MESSAGE_LETTERS) return null;
    try {
      said = JSON.parse(data);
    } catch {
      return null; // other things are said on the same ways
    }
  }
  if (typeof said !== "object" || said === null) return null;
  const { name, value } = said;
  if (typeof name !== "string" || !/^[\x21-\x7e]{1,64}$/.test(name)) return null;
  return typeof value === "number" && value >= 0 && value <= 1 ? { source: `message:${name}`, value } : null;
}

/** `feed(source, value)` is told what was said; `tell(words)` how the connection to the server stands. */
export class Messages {
  constructor(feed, tell) {
    this.feed = feed;
    this.tell = tell;
    addEventListener("message", ({ origin, data }) => {
      if (origin === location.origin && origin !== "null") this.#hear(data); // "null" is many origins
    });
    if (globalThis.BroadcastChannel) {
      this.channel = new BroadcastChannel(CHANNEL);
      this.channel.onmessage = ({ data }) => this.#hear(data);
    }
    this.pause = FIRST_PAUSE_MS;
    if (controlToken) this.#connect();
    else tell(NOT_CONNECTED);
  }

  #hear(data) {
    const found = fromMessage(data);
    if (found) this.feed(found.source, found.value);
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    let socket;
    try {
      socket = new WebSocket(`${scheme}://${location.host}/control?token=${encodeURIComponent(controlToken.value)}`);
    } catch (error) {
      console.warn(error);
      this.tell("OSC: this page cannot connect to a server.");
      return;
    }
    socket.onopen = () => {
      this.pause = FIRST_PAUSE_MS;
      this.wasConnected = true;
      this.tell("OSC: connected.");
    };
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = () => {
      if (!this.wasConnected && !controlToken.isNew) {
        forgetToken(); // the server was started anew, with another
        this.tell(NOT_CONNECTED);
        return;
      }
      this.tell("OSC: the server is not there, or takes another token; trying again.");
      setTimeout(() => this.#connect(), this.pause);
      this.pause = Math.min(2 * this.pause, LONGEST_PAUSE_MS);
    };
  }
}

/** { value, isNew } of the token that the address gives, or that it gave before a reload of this tab; null: none. */
function givenToken() {
  const given = new URLSearchParams(globalThis.location?.hash.slice(1)).get("control");
  let kept = null;
  try {
    if (given) sessionStorage.setItem(TOKEN_KEPT, given);
    else kept = globalThis.sessionStorage?.getItem(TOKEN_KEPT) ?? null;
  } catch (error) {
    console.warn("nothing is kept here", error);
  }
  return given || kept ? { value: given || kept, isNew: Boolean(given) } : null;
}

function forgetToken() {
  sessionStorage.removeItem(TOKEN_KEPT);
}
