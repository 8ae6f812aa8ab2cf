// The model: latents in, pictures out, by onnxruntime-web.

import { addressOf, asset, jsonAsset, trouble } from "./assets.js";
import { latent, randomLabel } from "./latents.js";
import { freshState } from "./link.js";
import { between } from "./paths.js";
import { components, fitted, latentOfPhoto, reduced } from "./photo.js";

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
  const [ort, description, model, runtime] = await Promise.all([
    globalThis.ort ?? imported(script), // where everything is one file, it is there already
    jsonAsset("model.json"),
    asset("model.onnx.gz"),
    asset(wasm),
  ]);
  ort.env.wasm.numThreads = 1; // a small model gains nothing by more, and they would need special headers
  ort.env.wasm.wasmBinary = runtime;
  ort.env.logLevel = "error";
  const options = { executionProviders: [provider], logSeverityLevel: 3 };
  const session = await ort.InferenceSession.create(model, options);
  ort.env.wasm.wasmBinary = undefined; // megabytes that are not needed twice
  const generator = new Generator(description, session, ort.Tensor, description.published.components && components(model));
  await generator.draw([freshState(description, 0n)]); // what fails, fails here
  return generator;
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
  constructor(description, session, Tensor, components = null) {
    this.description = description;
    this.session = session;
    this.Tensor = Tensor;
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
    const whole = Uint8ClampedArray.from(levels, Math.round);
    return toImageData(whole, this.description.width, this.description.height);
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
    const { z_dim: size, width, height, channels } = this.description;
    const z = new Float32Array(latents.length * size);
    latents.forEach((each, at) => z.set(each, at * size));
    const feeds = { z: new this.Tensor("float32", z, [latents.length, size]) };
    if (labels) feeds.label = new this.Tensor("int64", BigInt64Array.from(labels, BigInt), [labels.length]);
    const { image } = await this.session.run(feeds);
    const picture = height * width * channels;
    return latents.map((_, at) => toImageData(image.data.subarray(at * picture, (at + 1) * picture), width, height));
  }
}

/** Grey, RGB or RGBA levels, row by row -> ImageData, which is always RGBA. */
function toImageData(levels, width, height) {
  const channels = levels.length / (width * height);
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < levels.length; from += channels, to += 4) {
    const isGrey = channels === 1;
    image.data[to] = levels[from];
    image.data[to + 1] = levels[isGrey ? from : from + 1];
    image.data[to + 2] = levels[isGrey ? from : from + 2];
    image.data[to + 3] = channels === 4 ? levels[from + 3] : 255;
  }
  return image;
}
