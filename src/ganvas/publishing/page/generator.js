// The model: latents in, pictures out, by onnxruntime-web.

import { addressOf, asset, isOneFile, jsonAsset, trouble } from "./assets.js";
import { Model, toRgba } from "./drawing.js";
import { latent, randomLabel } from "./latents.js";
import { freshState } from "./link.js";
import { between } from "./paths.js";
import { components, fitted, latentOfPhoto, reduced } from "./photo.js";

/** A model that is drawn in another thread: as `Model`, by messages. */
class Thread {
  /** One that is on its way; null where the browser has none. */
  static begin() {
    try {
      return new Thread(isOneFile ? new Worker(ownThread()) : new Worker(addressOf("thread.js"), { type: "module" }));
    } catch (error) {
      console.warn(error);
      return null;
    }
  }

  constructor(worker) {
    Object.assign(this, { worker, waiting: new Map(), asked: 0 });
    worker.addEventListener("message", ({ data: { number, images, trouble: words } }) => {
      const { done, fail } = this.waiting.get(number);
      this.waiting.delete(number);
      if (words === undefined) done(images);
      else fail(new Error(words));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#lose(new Error(event.message || "the thread that draws could not be begun"));
    });
  }

  async open(parts) {
    await this.#ask({ open: parts });
    return this;
  }

  draw(z, labels) {
    return this.#ask({ z, labels });
  }

  end() {
    this.worker.terminate();
  }

  #ask(message) {
    if (this.lost) return Promise.reject(this.lost);
    const number = (this.asked += 1);
    this.worker.postMessage({ number, ...message });
    return new Promise((done, fail) => this.waiting.set(number, { done, fail }));
  }

  #lose(error) {
    this.lost = error;
    for (const { fail } of this.waiting.values()) fail(error);
    this.waiting.clear();
  }
}

/** The address of the thread's script, which is inside a page that is one file; from disk browsers begin no modules. */
function ownThread() {
  const parts = ["ort", "thread"].map((id) => document.getElementById(id).textContent);
  parts[0] = parts[0].replaceAll("import.meta.url", '"file:///"'); // of which nothing is fetched
  return URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
}

/** The model of this page, ready to draw: on WebGPU where its author asked for that and the browser has it. */
export async function loadGenerator() {
  if (document.body.dataset.webgpu === "true" && navigator.gpu) {
    try {
      if (await navigator.gpu.requestAdapter()) {
        return await load("webgpu", "vendor/ort.webgpu.js", "vendor/ort.webgpu.wasm.gz");
      }
    } catch (error) {
      console.warn("WebGPU could not be used", error);
    }
  }
  return load("wasm", "vendor/ort.js", "vendor/ort.wasm.gz");
}

async function load(provider, script, wasm) {
  const thread = Thread.begin();
  const [description, stored, runtime] = await Promise.all([jsonAsset("model.json"), asset("model.onnx.gz"), asset(wasm)]);
  const model = await opened(thread, script, { provider, stored, runtime, description });
  const generator = new Generator(description, model, description.published.components && components(stored));
  await generator.draw([freshState(description, 0n)]); // what fails, fails here
  return generator;
}

/** A model in a thread of its own; in the page where a browser begins none. */
async function opened(thread, script, parts) {
  try {
    if (thread) return await thread.open({ ...parts, script: isOneFile ? null : `./${addressOf(script)}` });
  } catch (error) {
    console.warn("there is no thread to draw in", error);
    thread.end();
  }
  const ort = globalThis.ort ?? (await imported(script)); // where everything is one file, it is there already
  return Model.open(ort, parts);
}

async function imported(script) {
  try {
    return await import(`./${addressOf(script)}`);
  } catch (error) {
    console.warn(error);
    throw new Error(await trouble(script));
  }
}

/**
 * What a picture is made from:
 * seed: a BigInt; z: a latent instead of the seed's, or null; mixes: other seeds in turn, and the share of the way to
 * each, from 0 to 1; fine: null, or the seed whose latent takes over from a place on; truncation: multiplies the latent; label: a class's
 * name or null; steps: Map of a direction's number, from 1, to how far.
 */
export class Generator {
  /** `model`: what draws, as `Model` does. `components`: what photos are seen by, or null. */
  constructor(description, model, components = null) {
    this.description = description;
    this.model = model;
    this.components = components;
    this.waiting = Promise.resolve();
  }

  /** The latent of a state: Z numbers. */
  latent(state) {
    const { z_dim: size, z_distribution: distribution, published } = this.description;
    let z = state.z ?? latent(state.seed, size, distribution);
    for (const { seed, share } of state.mixes) z = between(z, latent(seed, size, distribution), share);
    if (state.fine) z = z.map((each, at) => (at < state.fine.place ? each : this.#other(state.fine.seed)[at]));
    if (distribution === "uniform") z = z.map((each) => Math.max(-1, Math.min(1, each))); // a great circle leaves the cube
    return z.map((each, at) => {
      let moved = Math.fround(each * state.truncation);
      for (const [number, amount] of state.steps) moved += amount * published.directions[number - 1].vector[at];
      return moved;
    });
  }

  #other(seed) {
    if (this.kept?.seed !== seed) {
      const { z_dim: size, z_distribution: distribution } = this.description;
      this.kept = { seed, z: latent(seed, size, distribution) };
    }
    return this.kept.z;
  }

  /** Whether `latentOf` can see photos. */
  get seesPhotos() {
    return this.components !== null;
  }

  /** A photo, { width, height, data } as ImageData has it, at this model's size: levels from 0 to 255, row by row. */
  seen(photo) {
    const { width, height, channels } = this.description;
    return fitted(photo, width, height, channels);
  }

  /** The latent whose picture is nearest to what `seen` gave, in closed form. */
  latentOf(levels, label = null) {
    const [height, width] = this.description.published.components;
    const rows = reduced(levels, this.description, { width, height });
    return latentOfPhoto(this.components, rows, label === null ? 0 : this.description.classes.indexOf(label));
  }

  /** Levels in this model's channels, as ImageData. */
  toImage(levels) {
    const { channels, width } = this.description;
    return new ImageData(toRgba(Uint8ClampedArray.from(levels, Math.round), channels), width);
  }

  /** The number of a state's class. */
  label(state) {
    const { classes } = this.description;
    return state.label === null ? randomLabel(state.seed, classes.length) : classes.indexOf(state.label);
  }

  /** Pictures of states, as ImageData each. */
  draw(states) {
    return this.drawLatents(
      states.map((state) => this.latent(state)),
      this.description.classes.length ? states.map((state) => this.label(state)) : null,
    );
  }

  /** Pictures of latents and of the numbers of their classes, or null; one call at a time, in turn. */
  drawLatents(latents, labels) {
    const drawn = this.waiting.then(() => this.#run(latents, labels));
    this.waiting = drawn.catch(() => {});
    return drawn;
  }

  async #run(latents, labels) {
    const { z_dim: size, width } = this.description;
    const z = new Float32Array(latents.length * size);
    latents.forEach((each, at) => z.set(each, at * size));
    const drawn = await this.model.draw(z, labels);
    return drawn.map((each) => new ImageData(each, width));
  }
}
