// A person's own photo, dropped, pasted, chosen or taken: what this generator sees in it. It never leaves the device.

import { find, paint } from "./view.js";

const MOST_PX = 1600; // of the longer side that is looked at; what is larger is made smaller as it is opened
const MOST_PIXELS = 250_000_000; // that are opened, a gigabyte until they are smaller; phones take up to 200 million
const TRIES = 24; // of each look closer
const STEP = 0.35; // of a latent, at the first try

/** `show(state)`: let the page show what was found. `walk(state)`: go there. `say(words)`: tell where none are seen. */
export class Photos {
  constructor(generator, { state, show, walk, say, breath }) {
    Object.assign(this, { generator, state, show, walk, say, breath });
    find("photos").hidden = !generator.seesPhotos;
    addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
    addEventListener("drop", (event) => {
      const [file] = event.dataTransfer?.files ?? [];
      if (!file) return; // words are dropped into fields
      event.preventDefault(); // a browser would leave the page for the file
      this.#given(file);
    });
    if (!generator.seesPhotos) return;
    find("photo-file").addEventListener("change", ({ target }) => this.#take(target.files[0]));
    find("photo-choose").addEventListener("click", () => find("photo-file").click());
    find("photo-camera").addEventListener("click", () => {
      if (find("photo-shooting").hidden) this.#camera().catch((error) => this.#closeCamera(error));
      else this.#closeCamera();
    });
    find("photos").addEventListener("toggle", ({ target }) => target.open || this.#closeCamera());
    find("photo-shoot").addEventListener("click", () => this.#shoot().catch((error) => this.#closeCamera(error)));
    find("photo-show").addEventListener("click", () => this.show(this.found));
    find("photo-walk").addEventListener("click", () => this.walk(this.found));
    find("photo-closer").addEventListener("click", () => this.closer().catch((error) => this.#note(error.message)));
    addEventListener("paste", (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find((each) => each.type.startsWith("image/"));
      if (file) this.#given(file);
    });
  }

  #note(words) {
    find("photo-note").textContent = words;
  }

  /** A file that was dropped or pasted anywhere: what is seen in it is where it can be looked at. */
  async #given(file) {
    if (!this.generator.seesPhotos) {
      this.say("This generator sees no photos: it does not begin at principal components");
      return;
    }
    find("photos").open = true;
    await this.#take(file);
    find("photos").scrollIntoView({ block: "nearest" });
  }

  /** One photo at a time; of those that come meanwhile, the last. */
  async #take(file) {
    if (!file) return;
    const before = this.taking;
    const mine = (this.taking = (async () => {
      await before;
      if (this.taking === mine) await this.#open(file);
    })());
    await mine;
  }

  async #open(file) {
    this.#note("Opening it …");
    try {
      const { width, height } = await sizeOf(file);
      if (width * height > MOST_PIXELS) {
        const [found, most] = [width * height, MOST_PIXELS].map((each) => Math.round(each / 1e6).toLocaleString());
        this.#note(`${file.name} has ${found} million pixels; up to ${most} million are opened here. Make it smaller first`);
        return;
      }
      const bitmap = await createImageBitmap(file, { imageOrientation: "from-image", ...smaller(width, height) });
      await this.see(bitmap).finally(() => bitmap.close());
    } catch (error) {
      console.warn(error);
      this.#note(`${file.name || "That"} is no picture that this browser can open`);
    }
  }

  /** Find the latent of a picture, and show both. `source`: whatever a canvas can draw, with a width and a height. */
  async see(source) {
    const [width, height] = [source.videoWidth ?? source.width, source.videoHeight ?? source.height];
    const scale = Math.min(MOST_PX / Math.max(width, height), 1);
    const canvas = new OffscreenCanvas(Math.max(Math.round(width * scale), 1), Math.max(Math.round(height * scale), 1));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    this.target = this.generator.seen(context.getImageData(0, 0, canvas.width, canvas.height));
    const { label } = this.state();
    const z = this.generator.latentOf(this.target, label);
    await this.#found({ ...this.state(), z, mixes: [], fine: null, truncation: 1, steps: new Map() });
    paint(find("photo-seen"), this.generator.toImage(this.target));
    find("photo-found").hidden = false;
    this.#note("Here is your photo as this generator sees it");
  }

  async #found(state) {
    const [image] = await this.generator.draw([state]);
    this.found = state;
    this.error = difference(image.data, this.target, this.generator.description.channels);
    paint(find("photo-drawn"), image);
    find("photo-error").value = `${Math.sqrt(this.error).toFixed(0)} of 255 grey levels away`;
  }

  /** Try latents beside the one that was found, and keep each that comes nearer. Source: Rechenberg 1973, the (1+1) strategy. */
  async closer() {
    if (this.isLooking) return;
    this.isLooking = find("photo-closer").disabled = true;
    try {
      this.#note((await this.#search()) ? "It is nearer now" : "Nothing near it is nearer");
    } finally {
      this.isLooking = find("photo-closer").disabled = false;
    }
  }

  /** How many of the tries came nearer. */
  async #search() {
    let step = (this.step ??= STEP);
    let nearer = 0;
    for (let number = 0; number < TRIES; number += 1) {
      await this.breath();
      const z = this.found.z.map((each) => each + step * gaussian());
      const [image] = await this.generator.draw([{ ...this.found, z }]);
      const error = difference(image.data, this.target, this.generator.description.channels);
      step *= error < this.error ? 1.5 : 0.9;
      if (error >= this.error) continue;
      nearer += 1;
      await this.#found({ ...this.found, z });
    }
    this.step = step;
    return nearer;
  }

  async #camera() {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error("This browser has no camera for pages like this");
    if (this.isAsking) return; // one camera, however often it is pressed
    this.isAsking = true;
    const asked = navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    this.stream = await asked.finally(() => (this.isAsking = false));
    find("photo-live").srcObject = this.stream;
    find("photo-shooting").hidden = false;
    find("photo-camera").textContent = "Close the camera";
    this.#note("");
    await find("photo-live").play();
  }

  async #shoot() {
    await this.see(find("photo-live"));
    this.#closeCamera();
  }

  #closeCamera(error) {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    find("photo-shooting").hidden = true;
    find("photo-camera").textContent = "Use the camera";
    if (error) this.#note(error.name === "NotAllowedError" ? "The camera was not allowed" : error.message);
  }
}

/** The size of a picture in a file, which is not decoded for it. */
async function sizeOf(file) {
  const picture = new Image();
  const address = URL.createObjectURL(file);
  try {
    await new Promise((done, failed) => {
      picture.addEventListener("load", done);
      picture.addEventListener("error", () => failed(new Error("no picture")));
      picture.src = address;
    });
    return { width: picture.naturalWidth, height: picture.naturalHeight };
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** How a bitmap is told to be no larger than what is looked at. */
function smaller(width, height) {
  const scale = MOST_PX / Math.max(width, height);
  if (scale >= 1) return {};
  const [resizeWidth, resizeHeight] = [width, height].map((each) => Math.max(Math.round(each * scale), 1));
  return { resizeWidth, resizeHeight, resizeQuality: "high" };
}

/** The mean square difference of a picture, RGBA, and of levels in a model's channels. */
export function difference(data, levels, channels) {
  let sum = 0;
  for (let from = 0, to = 0; from < levels.length; from += channels, to += 4) {
    for (let at = 0; at < channels; at += 1) sum += (data[to + at] - levels[from + at]) ** 2;
  }
  return sum / levels.length;
}

function gaussian() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
