// A model and the onnxruntime-web that draws it, wherever this runs: in a thread of its own, or in the page.

export class Model {
  /** `description`: width, height, channels and z_dim are read. */
  constructor(ort, session, description) {
    Object.assign(this, { ort, session, description });
  }

  /**
   * `ort`: the module. `provider`: wasm or webgpu. `stored`: the bytes of the graph. `runtime`: of its WebAssembly.
   */
  static async open(ort, { provider, stored, runtime, description }) {
    ort.env.wasm.numThreads = 1; // a small model gains nothing by more, and they would need special headers
    ort.env.wasm.wasmBinary = runtime;
    ort.env.logLevel = "error";
    const session = await ort.InferenceSession.create(stored, { executionProviders: [provider], logSeverityLevel: 3 });
    ort.env.wasm.wasmBinary = undefined; // megabytes that are not needed twice
    return new Model(ort, session, description);
  }

  /** Latents one after the other and the numbers of their classes, or null -> RGBA levels of each picture. */
  async draw(z, labels) {
    const { z_dim: size, width, height, channels } = this.description;
    const count = z.length / size;
    const feeds = { z: new this.ort.Tensor("float32", z, [count, size]) };
    if (labels) feeds.label = new this.ort.Tensor("int64", BigInt64Array.from(labels, BigInt), [count]);
    const { image } = await this.session.run(feeds);
    const levels = height * width * channels;
    return Array.from({ length: count }, (_, at) => toRgba(image.data.subarray(at * levels, (at + 1) * levels), channels));
  }
}

/** Grey, RGB or RGBA levels, row by row, as the RGBA that ImageData takes. */
export function toRgba(levels, channels) {
  const rgba = new Uint8ClampedArray((4 * levels.length) / channels);
  const isGrey = channels === 1;
  for (let from = 0, to = 0; from < levels.length; from += channels, to += 4) {
    rgba[to] = levels[from];
    rgba[to + 1] = levels[isGrey ? from : from + 1];
    rgba[to + 2] = levels[isGrey ? from : from + 2];
    rgba[to + 3] = channels === 4 ? levels[from + 3] : 255;
  }
  return rgba;
}
