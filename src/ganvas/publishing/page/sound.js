// What is heard, as numbers from 0 to 1: loudness, three bands, and where a sound begins.

const FFT_SIZE = 2048; // 43 ms at 48 kHz: longer than a frame, so that nothing is missed between two
const QUIETEST_DB = -60; // full-scale decibels that count as 0,
const LOUDEST_DB = -6; // and as 1
const BANDS_HZ = { low: [20, 250], mid: [250, 2500], high: [2500, 16_000] };
const BLACKMAN_POWER = 0.3046; // mean square of the window that AnalyserNode applies, alpha 0.16
const COMPRESSION = 100; // of magnitudes before they are compared
const FLUXES = 43; // that the threshold follows: 0.7 s at 60 frames a second
const FLUX_FACTOR = 2; // times the median of those,
const LEAST_FLUX = 0.01; // and so much more, so that silence begins nothing
const SHORTEST_BETWEEN_ONSETS_MS = 80;
const ONSET_DECAY_MS = 100;
const LEAST_ONSET = 0.001; // what is left of one is nothing below this
const SOUND_RAW = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }; // music is no noise

/** The loudness of samples in [-1, 1], from 0, at -60 dB, to 1, at -6 dB of full scale. */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return levelOf(sum / samples.length);
}

/**
 * The levels of three bands, 20 to 250 Hz, to 2,500 and to 16,000, on the scale of `loudness`.
 * `spectrum`: decibels, as AnalyserNode.getFloatFrequencyData gives them, of fftSize / 2 bins.
 */
export function bands(spectrum, sampleRate, fftSize) {
  const found = {};
  for (const [name, [from, to]] of Object.entries(BANDS_HZ)) {
    const first = Math.ceil((from * fftSize) / sampleRate);
    const end = Math.min(Math.ceil((to * fftSize) / sampleRate), spectrum.length);
    let power = 0;
    for (let bin = first; bin < end; bin += 1) power += 10 ** (spectrum[bin] / 10);
    found[name] = levelOf((2 * power) / BLACKMAN_POWER); // Parseval; the other half is at negative frequencies
  }
  return found;
}

/**
 * Onsets by spectral flux: the root mean square of what rises from one spectrum to the next, against a moving median.
 * Source: Bello et al. 2005, A Tutorial on Onset Detection in Music Signals, IEEE Trans. Speech and Audio Processing 13(5).
 */
export class OnsetDetector {
  constructor(bins = FFT_SIZE / 2) {
    this.before = new Float32Array(bins);
    this.isFirst = true;
    this.fluxes = new Float32Array(FLUXES);
    this.sorted = new Float32Array(FLUXES);
    this.count = 0;
    this.onsetAt = -Infinity;
  }

  /** Whether a sound begins in a spectrum, in decibels, that was taken at a moment in milliseconds. */
  heard(spectrum, now) {
    let flux = 0;
    for (let bin = 0; bin < spectrum.length; bin += 1) {
      const level = Math.log1p(COMPRESSION * 10 ** (spectrum[bin] / 20));
      flux += Math.max(level - this.before[bin], 0) ** 2;
      this.before[bin] = level;
    }
    flux = Math.sqrt(flux / spectrum.length);
    if (this.isFirst) {
      this.isFirst = false; // nothing was before it that it could rise from
      return false;
    }
    const threshold = LEAST_FLUX + FLUX_FACTOR * this.#median();
    this.fluxes[this.count % FLUXES] = flux;
    this.count += 1;
    if (flux <= threshold || now - this.onsetAt < SHORTEST_BETWEEN_ONSETS_MS) return false;
    this.onsetAt = now;
    return true;
  }

  #median() {
    const count = Math.min(this.count, FLUXES);
    if (!count) return 0;
    this.sorted.set(this.fluxes);
    const known = this.sorted.subarray(0, count).sort();
    return known[count >> 1];
  }
}

/** What a page hears: a microphone or a file, neither before it is asked for. */
export class Sound {
  constructor() {
    this.kind = null; // "microphone" or "file"
  }

  /** Listen to the microphone, which the browser asks for. */
  async microphone() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("this browser gives no microphone to a page at this address; it needs https, or this machine's own");
    }
    const stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND_RAW });
    this.stop(); // what was begun while the browser asked, too
    this.stream = stream;
    await this.#listen("microphone", (context) => context.createMediaStreamSource(this.stream));
  }

  /** Play a file in an <audio> element and listen to it. */
  async file(file, audio) {
    this.stop();
    this.address = URL.createObjectURL(file);
    audio.src = this.address;
    const source = this.source?.mediaElement === audio ? this.source : null; // an element can have only one
    await this.#listen("file", (context) => source ?? context.createMediaElementSource(audio));
    this.source = this.node;
    this.node.connect(this.context.destination);
    this.audio = audio;
    await audio.play();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.audio?.pause();
    this.audio?.removeAttribute("src");
    if (this.address) URL.revokeObjectURL(this.address);
    this.node?.disconnect();
    this.stream = this.audio = this.address = this.node = this.kind = null;
  }

  /** Feed what is heard now; nothing where nothing is listened to. */
  poll(now, feed) {
    if (!this.kind) return;
    this.analyser.getFloatTimeDomainData(this.samples);
    this.analyser.getFloatFrequencyData(this.spectrum);
    feed("sound:loudness", loudness(this.samples));
    const levels = bands(this.spectrum, this.context.sampleRate, FFT_SIZE);
    for (const name of ["low", "mid", "high"]) feed(`sound:${name}`, levels[name]);
    this.onsets.heard(this.spectrum, now);
    const sinceOnset = Math.exp((this.onsets.onsetAt - now) / ONSET_DECAY_MS);
    feed("sound:onset", sinceOnset < LEAST_ONSET ? 0 : sinceOnset);
  }

  async #listen(kind, sourceIn) {
    if (!this.context) {
      if (!globalThis.AudioContext) throw new Error("this browser analyses no sound");
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.analyser = new AnalyserNode(this.context, { fftSize: FFT_SIZE, smoothingTimeConstant: 0 });
      this.samples = new Float32Array(FFT_SIZE);
      this.spectrum = new Float32Array(FFT_SIZE / 2);
    }
    await this.context.resume();
    this.onsets = new OnsetDetector();
    this.node = sourceIn(this.context);
    this.node.connect(this.analyser);
    this.kind = kind;
  }
}

/** A mean square of samples on the scale from 0 to 1. */
function levelOf(power) {
  const decibels = 10 * Math.log10(power);
  return Math.min(Math.max((decibels - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB), 0), 1) || 0;
}
