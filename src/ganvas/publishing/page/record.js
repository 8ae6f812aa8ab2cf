// Recordings: a loop frame by frame, as WebM or as PNGs, or what is played, live.

import { handOver, zipped } from "./view.js";

const SECONDS_PER_KEY_FRAME = 2; // and per cluster, whose timestamps reach 32 seconds
const BITS_PER_PIXEL = 0.4; // where a codec takes no quality
const QUANTIZERS = { vp09: { vp9: { quantizer: 12 } } }; // of 63; hardly told from the drawing
const MOST_WAITING = 4; // frames that the encoder has not taken yet
const LIVE_BITS_PER_SECOND = 12_000_000;
const LIVE_TYPES = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const CODECS = { "vp09.00.51.08": "V_VP9", vp8: "V_VP8" };

export const canEncode = () => "VideoEncoder" in globalThis && "VideoFrame" in globalThis;
export const canRecordLive = () =>
  "MediaRecorder" in globalThis &&
  "captureStream" in HTMLCanvasElement.prototype &&
  LIVE_TYPES.some((type) => MediaRecorder.isTypeSupported(type));

/** Canvases, one a frame, as a zip of PNGs. */
export async function toPngs(frames) {
  const files = [];
  for await (const canvas of frames) {
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw new Error("the frame is larger than this browser can save");
    files.push({ name: `${String(files.length).padStart(6, "0")}.png`, bytes: new Uint8Array(await blob.arrayBuffer()) });
  }
  return zipped(files);
}

/** Canvases, one a frame, as a WebM film: each is encoded, however long it takes. */
export async function toWebm(frames, { width, height, fps }) {
  const config = await configFor({ width, height, fps });
  const chunks = [];
  let failure = null;
  let colours = null;
  const take = (chunk, about) => {
    const bytes = new Uint8Array(chunk.byteLength);
    chunk.copyTo(bytes);
    chunks.push({ bytes, isKey: chunk.type === "key" });
    colours ??= about?.decoderConfig?.colorSpace ?? null;
  };
  const encoder = new VideoEncoder({ output: take, error: (error) => (failure = error) });
  encoder.configure(config);
  const quality = config.bitrateMode === "quantizer" ? QUANTIZERS[config.codec.slice(0, 4)] : {};
  let number = 0;
  try {
    for await (const canvas of frames) {
      const [timestamp, next] = [number, number + 1].map((each) => Math.round((each * 1_000_000) / fps));
      const frame = new VideoFrame(canvas, { timestamp, duration: next - timestamp });
      encoder.encode(frame, { keyFrame: number % Math.max(Math.round(fps * SECONDS_PER_KEY_FRAME), 1) === 0, ...quality });
      frame.close();
      number = number + 1;
      while (encoder.encodeQueueSize > MOST_WAITING && !failure) await new Promise((done) => setTimeout(done, 5));
      if (failure) throw failure;
    }
    await encoder.flush();
  } finally {
    if (encoder.state !== "closed") encoder.close();
  }
  return webm(chunks, { width, height, fps, codec: CODECS[config.codec], colours });
}

async function configFor({ width, height, fps }) {
  const common = { width, height, framerate: fps };
  const bitrate = Math.max(Math.round(width * height * fps * BITS_PER_PIXEL), 500_000);
  const configs = Object.keys(CODECS).flatMap((codec) => [
    ...(codec.slice(0, 4) in QUANTIZERS ? [{ ...common, codec, bitrateMode: "quantizer" }] : []),
    { ...common, codec, bitrate },
  ]);
  for (const config of configs) {
    const { supported } = await VideoEncoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (supported) return config;
  }
  throw new Error("this browser cannot write WebM; save PNGs instead");
}

/** What is painted on a canvas, recorded as it comes, until `stop`. */
export class LiveRecording {
  constructor(canvas) {
    const type = LIVE_TYPES.find((each) => MediaRecorder.isTypeSupported(each));
    this.parts = [];
    this.stream = canvas.captureStream();
    this.recorder = new MediaRecorder(this.stream, { mimeType: type, videoBitsPerSecond: LIVE_BITS_PER_SECOND });
    this.recorder.addEventListener("dataavailable", ({ data }) => this.parts.push(data));
    this.recorder.start(1000);
  }

  /** End it, and hand the film over; its bytes. */
  async stop(name) {
    const ended = new Promise((done) => this.recorder.addEventListener("stop", done, { once: true }));
    this.recorder.stop();
    await ended;
    for (const track of this.stream.getTracks()) track.stop();
    const film = new Blob(this.parts, { type: this.recorder.mimeType });
    handOver(film, `${name}.${this.recorder.mimeType.includes("mp4") ? "mp4" : "webm"}`);
    return film.size;
  }
}

/**
 * Encoded frames, { bytes, isKey }, the first a key frame, as a WebM file that can be wound to every key frame.
 * Source: RFC 8794 (EBML), RFC 9559 (Matroska).
 */
export function webm(chunks, { width, height, fps, codec, colours = null }) {
  const milliseconds = (number) => Math.round((number * 1000) / fps);
  const starts = chunks.flatMap(({ isKey }, at) => (isKey ? [at] : []));
  const clusters = starts.map((start, at) => {
    const blocks = chunks.slice(start, starts[at + 1]).map(({ bytes, isKey }, number) => {
      const head = [0x81, ...bigEndian(milliseconds(start + number) - milliseconds(start), 2), isKey ? 0x80 : 0];
      return element("a3", Uint8Array.from(head), bytes);
    });
    return element("1f43b675", whole("e7", milliseconds(start)), ...blocks);
  });
  const info = element(
    "1549a966",
    whole("2ad7b1", 1_000_000),
    element("4489", float(milliseconds(chunks.length))),
    ...["4d80", "5741"].map((id) => words(id, "Ganvas")),
  );
  const video = element("e0", whole("b0", width), whole("ba", height), ...colourOf(colours));
  const track = element(
    "ae",
    ...[["d7", 1], ["73c5", 1], ["9c", 0], ["83", 1], ["23e383", Math.round(1e9 / fps)]].map((pair) => whole(...pair)),
    words("86", codec),
    video,
  );
  const before = [info, element("1654ae6b", track)];
  const cues = (at) => element("1c53bb6b", ...starts.map((start, number) => cue(milliseconds(start), at[number])));
  let at = [...before, cues(starts.map(() => 0))].reduce((sum, part) => sum + part.size, 0);
  const places = clusters.map((part) => (at += part.size) - part.size);
  const head = [["4286", 1], ["42f7", 1], ["42f2", 4], ["42f3", 8], ["4287", 4], ["4285", 2]].map((pair) => whole(...pair));
  const ebml = element("1a45dfa3", ...head, words("4282", "webm"));
  return new Blob([ebml, element("18538067", ...before, cues(places), ...clusters)], { type: "video/webm" });
}

const cue = (time, place) => element("bb", whole("b3", time), element("b7", whole("f7", 1), whole("f1", place)));

/** How its numbers mean colours, if the encoder said so; the numbers of ISO 23091-2. */
function colourOf(colours) {
  const matrix = { rgb: 0, bt709: 1, bt470bg: 5, smpte170m: 6 }[colours?.matrix];
  if (matrix === undefined) return [];
  return [element("55b0", whole("55b1", matrix), whole("55b9", colours.fullRange ? 2 : 1))];
}

/** An EBML element, as a Blob: its id in hexadecimal, the size in eight bytes, what it holds. */
function element(id, ...parts) {
  const size = parts.reduce((sum, part) => sum + (part.size ?? part.length), 0);
  const head = [...id.match(/../g).map((pair) => parseInt(pair, 16)), 0x01, ...bigEndian(size, 7)];
  return new Blob([Uint8Array.from(head), ...parts]);
}

const whole = (id, value) => element(id, Uint8Array.from(bigEndian(value, 6)));
const words = (id, text) => element(id, new TextEncoder().encode(text));

function float(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function bigEndian(value, count) {
  return Array.from({ length: count }, (_, at) => Math.floor(value / 256 ** (count - 1 - at)) % 256);
}
