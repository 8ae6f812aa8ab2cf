// The page: what is pressed and moved becomes a state; the state becomes a picture and the end of the address.

import { isOneFile } from "./assets.js";
import { mountControl } from "./control.js";
import { Controls } from "./controls.js";
import { loadGenerator } from "./generator.js";
import { LARGEST_SEED } from "./latents.js";
import { MOST_MIXES, freshState, fromLink, noSeed, randomSeed, toLink, toSeed } from "./link.js";
import { rememberFor } from "./memory.js";
import { morphed } from "./motion.js";
import { Panel } from "./panel.js";
import { Performance } from "./perform.js";
import { Photos } from "./photos.js";
import { Stars } from "./stars.js";
import { breath, canvasOf, find, handOver, paint, toPng } from "./view.js";
import { Wander } from "./wander.js";

const THUMBNAILS = 16;
const MILLISECONDS_PER_LEG = 3000;
const MILLISECONDS_UNTIL_REMEMBERED = 250; // browsers limit how often an address may change
const MOST_UNDONE = 500;

const picture = find("picture");
const statusLine = find("status");

/** Everything that the page does once the model is there. */
class Page {
  constructor(generator) {
    this.generator = generator;
    this.description = generator.description;
    rememberFor(this.description.published.sha256);
    this.controls = new Controls(this.description, (changes) => this.change(changes), (changes) => this.choose(changes));
    this.isDrawing = false;
    this.walking = null;
    this.labelIsOfWalk = false;
    this.past = [];
    this.future = [];
    const show = (state) => {
      this.show(state);
      picture.scrollIntoView({ block: "nearest" });
    };
    const parts = { show, breath, say, fail, describe: (state) => this.#describe(state), state: () => this.state };
    this.wander = new Wander(generator, { ...parts, show: (state) => this.show(state) }); // the sheet stays in sight
    this.stars = new Stars(generator, { ...parts, changed: () => this.#markStar() });
    this.photos = new Photos(generator, { ...parts, walk: (state) => this.#begin(state) });
    this.performance = new Performance(generator, {
      ...parts,
      show: (state) => this.show(state),
      change: (changes) => (this.change(changes), this.controls.fill(this.state)),
      another: () => this.another(),
      hush: () => this.#hush(),
      opened: () => this.#opened(),
    });
    this.panel = new Panel(generator, this.performance, {
      ...parts,
      rested: () => (this.#settle(), this.state),
      stars: () => [...this.stars.links],
    });
    mountControl(this.performance, find("control"), (words) => (find("control-note").textContent = words));
    this.#listen();
  }

  /** Show what the address speaks of, or a picture that nobody chose: another one at every visit. */
  async start() {
    const wasReloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
    const isChosen = !(wasReloaded && history.state?.isChosen === false);
    const linked = isChosen ? fromLink(location.hash, this.description) : null;
    const complaint = isChosen ? complaintAbout(location.hash) : "";
    const { hash } = location;
    this.show(linked ?? freshState(this.description, randomSeed()), { isChosen: Boolean(linked), push: false, complaint });
    await this.#follow(hash);
    if (!this.performance.isOpen) await this.showOthers();
  }

  /** Play what an address says beside its picture. */
  async #follow(link) {
    await this.drawn;
    if (!this.panel.takeLink(link) && asksToPerform(link) && fromLink(link, this.description)) this.panel.playAround();
    const isAsked = document.body.dataset.perform === "true" && !this.isThere; // of a page that is made for it, once
    this.isThere = true;
    if (isAsked || asksToPerform(link)) await this.performance.open({ isAsked: false });
  }

  /** The performance fills the window, or no longer: the address says so, and the page catches up. */
  #opened() {
    this.#remember(false);
    if (!this.performance.isOpen && !find("grid").children.length) this.showOthers().catch(fail);
  }

  /** Stop what moves on the picture, wherever it is. */
  #hush() {
    this.#stopWalk();
    this.wanted = null;
  }

  /** Stop what moves, and stay at what is seen. */
  #settle() {
    if (this.walking) this.restAfterWalk();
    else this.performance.rest();
  }

  /**
   * Draw a state, and let the controls and the address say it. `isChosen`: by someone, not by chance.
   * `complaint`: what is said beside it. `isUndoing`: the past and the future are somebody else's business.
   */
  show(state, { isChosen = true, push = true, complaint = "", isUndoing = false } = {}) {
    this.performance.stop();
    this.#stopWalk();
    if (!isUndoing) this.#rememberPast();
    this.complaint = complaint;
    this.state = state;
    this.isChosen = isChosen;
    this.controls.fill(state);
    this.#draw();
    this.#remember(push);
    this.#rest();
  }

  /** Something was typed or chosen. */
  choose(changes) {
    if ("label" in changes) this.labelIsOfWalk = false;
    this.show({ ...this.state, ...changes });
  }

  /** Something is being moved: the address follows when it rests, and stays one entry of the history. */
  change(changes) {
    const { walking } = this;
    this.performance.stop();
    this.#stopWalk();
    if (!this.isMoving) this.#rememberPast();
    this.isMoving = true;
    this.complaint = "";
    this.state = { ...(walking ? this.#atRest() : this.state), ...changes };
    this.controls.state = this.state;
    if (walking) this.controls.fill(this.state);
    this.isChosen = true;
    this.#draw();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.isMoving = false;
      this.#remember(false);
      this.#rest();
    }, MILLISECONDS_UNTIL_REMEMBERED);
  }

  another() {
    const label = this.labelIsOfWalk ? null : this.state.label;
    this.labelIsOfWalk = false;
    this.show({ ...this.state, label, seed: randomSeed(), z: null, mixes: [], fine: null }, { isChosen: false });
  }

  #other() {
    if (this.performance.isPerforming) this.performance.another();
    else this.another();
  }

  /** Back to the picture before, or forth again. */
  undo(isRedo = false) {
    const [from, to] = isRedo ? [this.future, this.past] : [this.past, this.future];
    if (!from.length) return;
    to.push(this.#atRest());
    this.show(from.pop(), { push: false, isUndoing: true });
  }

  #rememberPast() {
    if (!this.state) return;
    this.past.push(this.walking ? this.#atRest() : this.state);
    this.past.splice(0, this.past.length - MOST_UNDONE);
    this.future = [];
  }

  /** What follows a picture that stays. */
  #rest() {
    find("undo").disabled = !this.past.length;
    find("redo").disabled = !this.future.length;
    this.#markStar();
    if (find("wandering").open) this.wander.around(this.state).catch(fail);
  }

  #markStar() {
    find("star").setAttribute("aria-pressed", this.stars.has(this.state));
  }

  #remember(push) {
    clearTimeout(this.resting);
    this.isMoving = false;
    const link = `#${this.#address()}`;
    const note = { isChosen: this.isChosen };
    try {
      if (push && location.hash !== link) history.pushState(note, "", link);
      else history.replaceState(note, "", link);
    } catch (error) {
      console.warn("the browser limits how often the address may change", error);
    }
  }

  /** The end of the address: while only the picture is there, what brings that back. Keyframes stay in this browser. */
  #address() {
    const picture = toLink(this.state, this.description);
    if (!this.performance.isOpen) return picture;
    return this.performance.settings.keyframes.length ? "perform" : `perform&${picture}`;
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
        if (!state) return; // what plays paints there now
        this.wanted = null;
        const [image] = await this.generator.draw([state]);
        this.#paint(image, `${this.#describe(state)}${this.complaint}`);
      }
    } finally {
      this.isDrawing = false;
    }
  }

  #paint(image, words) {
    this.image = image;
    paint(picture, image);
    paint(find("preview"), image);
    if (statusLine.textContent !== words) {
      statusLine.textContent = words;
      picture.setAttribute("aria-label", words);
    }
  }

  #describe(state) {
    const { classes } = this.description;
    const kind = classes.length ? `, ${classes[this.generator.label(state)]}` : "";
    const { mixes } = state;
    const others = mixes.length > 1 ? `${mixes.length} seeds` : `seed ${mixes[0]?.seed}`;
    return `${state.z ? "A picture of its own" : `Seed ${state.seed}`}${kind}${mixes.length ? `, mixed with ${others}` : ""}`;
  }

  /** Fill the grid with pictures that nobody chose, of the kind that is shown. */
  async showOthers() {
    const turn = (this.gridTurn = {});
    const { label } = this.state;
    const grid = find("grid");
    for (let at = 0; at < THUMBNAILS; at += 1) {
      await breath();
      const state = { ...freshState(this.description, randomSeed()), label };
      const [image] = await this.generator.draw([state]);
      if (this.gridTurn !== turn) return;
      const button = document.createElement("button");
      button.append(canvasOf(image));
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
    else this.#begin();
  }

  #begin(goal = null) {
    this.performance.rest();
    this.walk(goal).catch((error) => (this.#stopWalk(), fail(error)));
  }

  #stopWalk() {
    this.walking = null;
    find("walk").textContent = "Walk";
  }

  /** The state of a walk as a link can say it. */
  #atRest() {
    const mixes = this.state.mixes.map(({ seed, share }) => ({ seed, share: Math.round(share * 100) / 100 }));
    return { ...this.state, mixes: mixes.filter(({ share }) => share > 0) };
  }

  restAfterWalk() {
    this.show(this.#atRest());
  }

  /**
   * From the picture that is shown towards that of a random seed, and on from there.
   * `goal`: a state to go to first, and stop.
   */
  async walk(goal = null) {
    const turn = (this.walking = {});
    clearTimeout(this.resting);
    find("walk").textContent = "Stop";
    if (goal) return this.#walkTo(goal, turn);
    const { classes } = this.description;
    this.labelIsOfWalk ||= this.state.label === null;
    const label = classes.length ? classes[this.generator.label(this.state)] : null; // one kind all the way
    let from = { ...this.state, mixes: this.state.mixes.slice(0, MOST_MIXES - 1) };
    let to = { seed: randomSeed(), share: 0 };
    const last = from.mixes.at(-1);
    if (last && last.share < 1) [from, to] = [{ ...from, mixes: from.mixes.slice(0, -1) }, last];
    let begun = performance.now() - to.share * MILLISECONDS_PER_LEG;
    while (this.walking === turn) {
      let share = (performance.now() - begun) / MILLISECONDS_PER_LEG;
      if (share >= 1) {
        from = { ...from, seed: to.seed, z: null, mixes: [], fine: null };
        [to, share, begun] = [{ seed: randomSeed() }, 0, performance.now()];
      }
      const next = { ...this.state, ...from, label, mixes: [...from.mixes, { seed: to.seed, share }] };
      const [image] = await this.generator.draw([next]);
      await new Promise(requestAnimationFrame);
      if (this.walking !== turn) return;
      this.state = next;
      this.#paint(image, `Walking to seed ${to.seed}`);
    }
  }

  async #walkTo(goal, turn) {
    const hasClasses = this.description.classes.length > 0;
    const [from, to] = [this.state, goal].map((state) => {
      return { z: this.generator.latent(state), label: hasClasses ? this.generator.label(state) : null };
    });
    const begun = performance.now();
    for (let share = 0; share < 1 && this.walking === turn; share = (performance.now() - begun) / MILLISECONDS_PER_LEG) {
      const { z, label } = morphed(from, to, share);
      const [image] = await this.generator.drawLatents([z], hasClasses ? [label] : null);
      await new Promise(requestAnimationFrame);
      if (this.walking === turn) this.#paint(image, "Walking to your photo");
    }
    if (this.walking === turn) this.show(goal);
  }

  star() {
    this.#settle();
    const isStarred = this.stars.toggle(this.state);
    this.#markStar();
    const starred = this.stars.isKept
      ? "Starred: it is kept in this browser, at the end of the page"
      : "Starred, but this browser has no room to keep it; save the stars at the end of the page";
    say(isStarred ? starred : "No longer starred");
  }

  async share() {
    this.#settle();
    this.#remember(false);
    if (!navigator.clipboard) {
      say("This browser lets no page copy from here; the address above is the link");
      return;
    }
    const link = `#${toLink(this.state, this.description)}`; // from disk only this means something to others
    await navigator.clipboard.writeText(location.protocol === "file:" ? link : new URL(link, location.href).href);
    say("The link was copied");
  }

  async save() {
    this.#settle();
    await this.drawn; // the picture of the state that gives it its name
    const link = toLink(this.state, this.description);
    const name = `${toLink({ ...this.state, z: null }, this.description).replaceAll(/[^\w.=-]+/g, " ").slice(0, 120)}.png`;
    handOver(await toPng(this.image, link), name);
  }

  #listen() {
    const on = (id, act) => find(id).addEventListener("click", act);
    on("another", () => this.#other());
    on("walk", () => this.toggleWalk());
    on("star", () => this.star());
    on("share", () => this.share().catch(fail));
    on("save", () => this.save().catch(fail));
    on("more", () => this.showOthers().catch(fail));
    on("undo", () => this.undo());
    on("redo", () => this.undo(true));
    on("reset", () => this.choose(freshState(this.description, this.state.seed)));
    find("wandering").addEventListener("toggle", () => this.#rest());
    addEventListener("popstate", () => {
      this.labelIsOfWalk = false;
      const complaint = complaintAbout(location.hash);
      const { hash } = location;
      this.show(fromLink(hash, this.description) ?? this.state, { push: false, complaint });
      this.#follow(hash).catch(fail);
    });
    addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event) {
    if (this.performance.isOpen) return;
    if (!event.key || !event.target.matches) return; // where a browser fills a field in
    const isTyped = event.target.matches("input:not([type=range]):not([type=checkbox]), select");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !isTyped) {
      event.preventDefault();
      this.undo(event.shiftKey);
      return;
    }
    const isOther = event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select");
    const isFlood = event.repeat && event.key.length === 1;
    if (isOther || isFlood || !find("keys").checked) return;
    const acts = {
      n: () => this.#other(),
      ArrowRight: () => this.#neighbour(1n),
      ArrowLeft: () => this.#neighbour(-1n),
      w: () => this.toggleWalk(),
      f: () => this.star(),
      u: () => this.undo(),
      r: () => this.undo(true),
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
    if (seed !== null) this.change({ seed, z: null, mixes: [], fine: null });
    this.controls.fill(this.state);
  }
}

function say(words) {
  statusLine.textContent = words;
}

/** Whether an address is one of the picture alone. */
function asksToPerform(link) {
  return new URLSearchParams(link.replace(/^#/, "")).has("perform");
}

function complaintAbout(link) {
  const given = noSeed(link);
  return given === null ? "" : `. The link's seed, “${given.slice(0, 40)}”, is no whole number from 0 to ${LARGEST_SEED}`;
}

function fail(error) {
  console.error(error);
  say(`It did not work: ${error.message}`);
}

try {
  await new Page(await loadGenerator()).start();
} catch (error) {
  fail(error);
}
if (!isOneFile && "serviceWorker" in navigator) navigator.serviceWorker.register("worker.js").catch(console.warn);
