// Starred pictures: kept in this browser, drawn when they come into sight, and handed over as a sheet or one by one.

import { fromLink, toLink } from "./link.js";
import { remembered } from "./memory.js";
import { canvasOf, find, handOver, paint, toPng, zipped } from "./view.js";

const SHOWN_AT_ONCE = 60;
const MOST_HANDED = 1000; // pictures in one file
const SHEET_PX = 8192; // of a sheet's longer side, which browsers draw

/** `show(state)` is told of the star that is chosen; `changed()` of stars that went elsewhere than by `toggle`. */
export class Stars {
  constructor(generator, { show, changed, breath, describe }) {
    Object.assign(this, { generator, show, changed, breath, describe });
    this.kept = remembered("stars", [], {
      sound: (found) => found.filter((each) => typeof each === "string" && fromLink(each, generator.description)),
      changed: () => this.#takeAll(), // another page of this model starred something
    });
    this.links = new Set(this.kept.value);
    this.compared = [];
    this.seen = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "200px" });
    find("stars-more").addEventListener("click", () => this.#list(this.shown + SHOWN_AT_ONCE));
    find("stars-sheet").addEventListener("click", () => this.#hand(() => this.#sheet()));
    find("stars-zip").addEventListener("click", () => this.#hand(() => this.#zip()));
    find("stars-clear").addEventListener("click", () => this.#clear());
    this.#list(SHOWN_AT_ONCE);
  }

  has(state) {
    return this.links.has(this.#link(state));
  }

  /** Whether the browser had room for the last star. */
  get isKept() {
    return this.kept.isKept;
  }

  say(words) {
    find("stars-note").textContent = words;
  }

  #takeAll() {
    this.links = new Set(this.kept.value);
    this.#list(Math.max(this.shown, SHOWN_AT_ONCE));
    this.changed();
  }

  /** One file at a time. */
  async #hand(make) {
    for (const id of ["stars-sheet", "stars-zip"]) find(id).disabled = true;
    try {
      await make();
    } catch (error) {
      this.say(error.message);
    } finally {
      for (const id of ["stars-sheet", "stars-zip"]) find(id).disabled = false;
    }
  }

  /** Star a state, or take its star away; whether it has one now. */
  toggle(state) {
    const link = this.#link(state);
    if (!this.links.delete(link)) this.links.add(link);
    this.kept.value = [...this.links];
    this.#list(Math.max(this.shown, SHOWN_AT_ONCE));
    return this.links.has(link);
  }

  #link(state) {
    return toLink(state, this.generator.description);
  }

  /** The newest first, as many as are asked for; what is there already stays. */
  #list(count) {
    const newest = [...this.links].reverse();
    this.shown = Math.min(count, newest.length);
    const grid = find("stars");
    const there = new Map([...grid.children].map((each) => [each.dataset.link, each]));
    grid.replaceChildren(...newest.slice(0, this.shown).map((link) => there.get(link) ?? this.#item(link)));
    find("stars-more").hidden = this.shown >= newest.length;
    find("stars-count").value = newest.length.toLocaleString();
    find("starred").hidden = !newest.length;
    if (this.compared.every((each) => this.links.has(each))) return;
    this.#compare(null, false).catch((error) => this.say(error.message));
  }

  #item(link) {
    const item = Object.assign(document.createElement("div"), { className: "star" });
    item.dataset.link = link;
    const state = fromLink(link, this.generator.description);
    const button = document.createElement("button");
    button.setAttribute("aria-label", this.describe(state));
    button.addEventListener("click", () => this.show(state));
    const compare = Object.assign(document.createElement("input"), { type: "checkbox", ariaLabel: `Compare ${this.describe(state)}` });
    compare.addEventListener("change", () => {
      this.#compare(link, compare.checked).catch((error) => this.say(error.message));
    });
    item.append(button, compare);
    this.seen.observe(item);
    return item;
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.seen.unobserve(target); // it is drawn once
      this.#draw(target).catch((error) => this.say(error.message));
    }
  }

  async #draw(item) {
    await this.breath();
    const [image] = await this.generator.draw([fromLink(item.dataset.link, this.generator.description)]);
    item.firstChild.append(canvasOf(image));
  }

  /** The two that were chosen last, side by side. */
  async #compare(link, isChosen) {
    const others = this.compared.filter((each) => each !== link && this.links.has(each));
    this.compared = [...others, ...(isChosen ? [link] : [])].slice(-2);
    for (const item of find("stars").children) item.lastChild.checked = this.compared.includes(item.dataset.link);
    find("compared").hidden = this.compared.length < 2;
    if (this.compared.length < 2) return;
    const states = this.compared.map((each) => fromLink(each, this.generator.description));
    for (const [at, state] of states.entries()) {
      const [image] = await this.generator.draw([state]);
      const figure = find("compared").children[at];
      paint(figure.firstElementChild, image);
      figure.lastElementChild.textContent = this.describe(state);
    }
  }

  #clear() {
    const count = this.links.size;
    if (!confirm(`Take the stars of ${count.toLocaleString()} pictures away?`)) return;
    this.kept.value = [];
    this.#takeAll();
  }

  get #scale() {
    return Math.min(Math.max(Math.round(find("stars-scale").valueAsNumber) || 1, 1), 16);
  }

  async *#drawn() {
    const links = [...this.links].slice(-MOST_HANDED);
    for (const [at, link] of links.entries()) {
      await this.breath();
      const [image] = await this.generator.draw([fromLink(link, this.generator.description)]);
      this.say(`${at + 1} of ${links.length} drawn`);
      yield { link, image };
    }
  }

  async #zip() {
    const files = [];
    for await (const { link, image } of this.#drawn()) {
      const png = await toPng(image, link, this.#scale);
      files.push({ name: `${String(files.length + 1).padStart(4, "0")}.png`, bytes: new Uint8Array(await png.arrayBuffer()) });
    }
    handOver(zipped(files), "stars.zip");
    this.say(`${counted(files.length, this.links.size)} were saved`);
  }

  async #sheet() {
    const { width, height } = this.generator.description;
    const count = Math.min(this.links.size, MOST_HANDED);
    const columns = Math.ceil(Math.sqrt((count * height) / width));
    const rows = Math.ceil(count / columns);
    const scale = Math.max(Math.min(this.#scale, Math.floor(SHEET_PX / Math.max(columns * width, rows * height))), 1);
    const sheet = Object.assign(document.createElement("canvas"), { width: columns * width * scale, height: rows * height * scale });
    const context = sheet.getContext("2d");
    context.imageSmoothingEnabled = false;
    let at = 0;
    for await (const { image } of this.#drawn()) {
      const place = [(at % columns) * width * scale, Math.floor(at / columns) * height * scale];
      context.drawImage(canvasOf(image), ...place, width * scale, height * scale);
      at += 1;
    }
    const blob = await new Promise((done) => sheet.toBlob(done, "image/png"));
    if (!blob) throw new Error("the sheet is larger than this browser can draw");
    handOver(blob, "stars.png");
    const smaller = scale < this.#scale ? `, at scale ${scale}, the largest that a browser draws` : "";
    this.say(`A sheet of ${counted(at, this.links.size)} was saved${smaller}`);
  }
}

/** How many of the stars are in a file. */
function counted(handed, all) {
  if (handed < all) return `the newest ${handed.toLocaleString()} of ${all.toLocaleString()} pictures`;
  return handed === 1 ? "one picture" : `${handed.toLocaleString()} pictures`;
}
