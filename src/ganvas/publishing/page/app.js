// The page: what is pressed and moved becomes a state; the state becomes a picture and the end of the address.

import { isOneFile } from "./assets.js";
import { Controls } from "./controls.js";
import { loadGenerator } from "./generator.js";
import { LARGEST_SEED } from "./latents.js";
import { freshState, fromLink, noSeed, randomSeed, toLink, toSeed } from "./link.js";

const THUMBNAILS = 16;
const MILLISECONDS_PER_LEG = 3000;
const MILLISECONDS_UNTIL_REMEMBERED = 250; // browsers limit how often an address may change

const picture = document.getElementById("picture");
const statusLine = document.getElementById("status");

/** Everything that the page does once the model is there. */
class Page {
  constructor(generator) {
    this.generator = generator;
    this.description = generator.description;
    this.controls = new Controls(this.description, (changes) => this.change(changes), (changes) => this.choose(changes));
    this.isDrawing = false;
    this.walking = null;
    this.labelIsOfWalk = false;
    this.#listen();
  }

  /** Show what the address speaks of, or a picture that nobody chose: another one at every visit. */
  async start() {
    const wasReloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
    const isChosen = !(wasReloaded && history.state?.isChosen === false);
    const linked = isChosen ? fromLink(location.hash, this.description) : null;
    const complaint = isChosen ? complaintAbout(location.hash) : "";
    this.show(linked ?? freshState(this.description, randomSeed()), { isChosen: Boolean(linked), push: false, complaint });
    await this.drawn;
    await this.showOthers();
  }

  /**
   * Draw a state, and let the controls and the address say it. `isChosen`: by someone, not by chance.
   * `complaint`: what is said beside it.
   */
  show(state, { isChosen = true, push = true, complaint = "" } = {}) {
    this.#stopWalk();
    this.complaint = complaint;
    this.state = state;
    this.isChosen = isChosen;
    this.controls.fill(state);
    this.#draw();
    this.#remember(push);
  }

  /** Something was typed or chosen. */
  choose(changes) {
    if ("label" in changes) this.labelIsOfWalk = false;
    this.show({ ...this.state, ...changes });
  }

  /** Something is being moved: the address follows when it rests, and stays one entry of the history. */
  change(changes) {
    const { walking } = this;
    this.#stopWalk();
    this.complaint = "";
    this.state = { ...(walking ? this.#atRest() : this.state), ...changes };
    if (walking) this.controls.fill(this.state);
    this.isChosen = true;
    this.#draw();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.#remember(false), MILLISECONDS_UNTIL_REMEMBERED);
  }

  another() {
    const label = this.labelIsOfWalk ? null : this.state.label;
    this.labelIsOfWalk = false;
    this.show({ ...this.state, label, seed: randomSeed(), mix: 0 }, { isChosen: false });
  }

  #remember(push) {
    clearTimeout(this.resting);
    const link = `#${toLink(this.state, this.description)}`;
    const note = { isChosen: this.isChosen };
    try {
      if (push && location.hash !== link) history.pushState(note, "", link);
      else history.replaceState(note, "", link);
    } catch (error) {
      console.warn("the browser limits how often the address may change", error);
    }
  }

  /** Draw the newest state; those that come while one is being drawn are skipped but for the last. */
  #draw() {
    this.wanted = this.state;
    if (!this.isDrawing) this.drawn = this.#drawWanted().catch(fail);
  }

  async #drawWanted() {
    this.isDrawing = true;
    try {
      while (this.wanted) {
        await breath();
        const state = this.wanted;
        this.wanted = null;
        const [image] = await this.generator.draw([state]);
        this.#paint(image, `${this.#describe(state)}${this.complaint}`);
      }
    } finally {
      this.isDrawing = false;
    }
  }

  #paint(image, words) {
    paint(picture, image);
    if (statusLine.textContent !== words) {
      statusLine.textContent = words;
      picture.setAttribute("aria-label", words);
    }
  }

  #describe(state) {
    const { classes } = this.description;
    const kind = classes.length ? `, ${classes[this.generator.label(state)]}` : "";
    return `Seed ${state.seed}${kind}${state.mix ? `, mixed with seed ${state.mixedSeed}` : ""}`;
  }

  /** Fill the grid with pictures that nobody chose, of the kind that is shown. */
  async showOthers() {
    const turn = (this.gridTurn = {});
    const { label } = this.state;
    const grid = document.getElementById("grid");
    for (let at = 0; at < THUMBNAILS; at += 1) {
      await breath();
      const state = { ...freshState(this.description, randomSeed()), label };
      const [image] = await this.generator.draw([state]);
      if (this.gridTurn !== turn) return;
      const button = document.createElement("button");
      button.append(paint(document.createElement("canvas"), image));
      button.setAttribute("aria-label", this.#describe(state));
      button.addEventListener("click", () => {
        this.show(state);
        picture.scrollIntoView({ block: "nearest" });
      });
      const old = grid.children[at];
      if (old) old.replaceWith(button);
      else grid.append(button);
    }
  }

  toggleWalk() {
    if (this.walking) this.restAfterWalk();
    else this.walk().catch((error) => (this.#stopWalk(), fail(error)));
  }

  #stopWalk() {
    this.walking = null;
    document.getElementById("walk").textContent = "Walk";
  }

  /** The state of a walk as a link can say it. */
  #atRest() {
    return { ...this.state, mix: Math.round(this.state.mix * 100) / 100 };
  }

  restAfterWalk() {
    this.show(this.#atRest());
  }

  /** From the picture that is shown towards that of a random seed, and on from there. */
  async walk() {
    const turn = (this.walking = {});
    clearTimeout(this.resting);
    document.getElementById("walk").textContent = "Stop";
    const { classes } = this.description;
    this.labelIsOfWalk ||= this.state.label === null;
    const label = classes.length ? classes[this.generator.label(this.state)] : null; // one kind all the way
    let { seed, mixedSeed, mix } = this.state;
    if (!mix) mixedSeed = randomSeed();
    let begun = performance.now() - mix * MILLISECONDS_PER_LEG;
    while (this.walking === turn) {
      mix = (performance.now() - begun) / MILLISECONDS_PER_LEG;
      if (mix >= 1) [seed, mixedSeed, mix, begun] = [mixedSeed, randomSeed(), 0, performance.now()];
      const next = { ...this.state, label, seed, mixedSeed, mix };
      const [image] = await this.generator.draw([next]);
      await new Promise(requestAnimationFrame);
      if (this.walking !== turn) return;
      this.state = next;
      this.#paint(image, `Walking to seed ${mixedSeed}`);
    }
  }

  async share() {
    if (this.walking) this.restAfterWalk();
    this.#remember(false);
    if (!navigator.clipboard) {
      statusLine.textContent = "This browser lets no page copy from here; the address above is the link";
      return;
    }
    const link = `#${toLink(this.state, this.description)}`; // from disk only this means something to others
    await navigator.clipboard.writeText(location.protocol === "file:" ? link : new URL(link, location.href).href);
    statusLine.textContent = "The link was copied";
  }

  async save() {
    if (this.walking) this.restAfterWalk();
    await this.drawn; // the picture of the state that gives it its name
    const name = `${toLink(this.state, this.description).replaceAll(/[^\w.=-]+/g, " ")}.png`;
    const blob = await new Promise((done) => picture.toBlob(done, "image/png"));
    if (!blob) throw new Error("the picture could not be saved");
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  #listen() {
    const on = (id, act) => document.getElementById(id).addEventListener("click", act);
    on("another", () => this.another());
    on("walk", () => this.toggleWalk());
    on("share", () => this.share().catch(fail));
    on("save", () => this.save().catch(fail));
    on("more", () => this.showOthers().catch(fail));
    on("reset", () => this.choose(freshState(this.description, this.state.seed)));
    addEventListener("popstate", () => {
      this.labelIsOfWalk = false;
      const complaint = complaintAbout(location.hash);
      this.show(fromLink(location.hash, this.description) ?? this.state, { push: false, complaint });
    });
    addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event) {
    const isTyped = event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select");
    const isFlood = event.repeat && event.key.length === 1;
    if (isTyped || isFlood || !document.getElementById("keys").checked) return;
    const acts = {
      n: () => this.another(),
      ArrowRight: () => this.#neighbour(1n),
      ArrowLeft: () => this.#neighbour(-1n),
      w: () => this.toggleWalk(),
      c: () => this.share().catch(fail),
      s: () => this.save().catch(fail),
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  #neighbour(step) {
    const seed = toSeed(`${this.state.seed + step}`);
    if (seed !== null) this.change({ seed, mix: 0 });
    this.controls.fill(this.state);
  }
}

/** Until the browser has shown what was painted, or a moment where it shows nothing. */
function breath() {
  return new Promise((done) => {
    setTimeout(done, 100);
    requestAnimationFrame(() => setTimeout(done));
  });
}

function paint(canvas, image) {
  const { width, height } = image;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function complaintAbout(link) {
  const given = noSeed(link);
  return given === null ? "" : `. The link's seed, “${given.slice(0, 40)}”, is no whole number from 0 to ${LARGEST_SEED}`;
}

function fail(error) {
  console.error(error);
  statusLine.textContent = `It did not work: ${error.message}`;
}

try {
  await new Page(await loadGenerator()).start();
} catch (error) {
  fail(error);
}
if (!isOneFile && "serviceWorker" in navigator) navigator.serviceWorker.register("worker.js").catch(console.warn);
