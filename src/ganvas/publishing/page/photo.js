// A photo -> the latent whose picture is nearest to it, in closed form, where the model begins at principal components.
// The components are in model.onnx, so that nothing more is fetched. The same as ganvas/explore/photo.py and project.py.

const FLOAT = 1;
const HALF = 10;
const SHORTEST = 2.2250738585072014e-308;
const LENGTH_DEVIATION = Math.SQRT1_2;
const MOST_DEVIATIONS = 2.5;
const HALVINGS = 60;

/** What a model file holds of its principal components, or null where it has none or they are packed otherwise. */
export function components(model) {
  const found = {};
  for (const part of fields(model)) {
    if (part.number !== 7) continue; // the graph
    for (const inner of fields(part.bytes)) {
      if (inner.number !== 5) continue; // a tensor that is stored
      const tensor = tensorOf(inner.bytes, /(?:^|\.)components\.(mean|axes|lengths\.\w+)(?:\.half)?$/);
      if (tensor) found[tensor.name] = tensor;
    }
  }
  if (!found.mean?.values || !found.axes?.values) return null;
  const [count, size] = found.axes.dims;
  const squares = Array.from({ length: count }, (_, at) => {
    let sum = 0;
    for (let place = at * size; place < (at + 1) * size; place += 1) sum += found.axes.values[place] ** 2;
    return sum;
  });
  const lengths = ["usual", "shift", "stretch"].map((name) => found[`lengths.${name}`]?.values[0]);
  return {
    axes: found.axes.values,
    mean: found.mean.values,
    squares,
    size,
    count,
    lengths: lengths.includes(undefined) ? null : lengths,
  };
}

/**
 * The latent of a photo: Float32Array of Z.
 * `rows`: levels from 0 to 255, row by row, of the size that the components have. `label`: the number of its class.
 */
export function latentOfPhoto({ axes, mean, squares, size, count, lengths }, rows, label) {
  const offset = (label ?? 0) * size;
  const coefficients = new Float64Array(count);
  for (let at = 0; at < count; at += 1) {
    if (!squares[at]) continue;
    let sum = 0;
    for (let place = 0; place < size; place += 1) {
      sum += (rows[place] / 127.5 - 1 - mean[offset + place]) * axes[at * size + place];
    }
    coefficients[at] = sum / squares[at];
  }
  return Float32Array.from(lengths ? unstretched(coefficients, lengths) : coefficients);
}

/** Coefficients -> the latent that is stretched to them, by halving an interval of lengths. */
function unstretched(coefficients, [usual, shift, stretch]) {
  const factor = (length) => {
    const deviations = (length - usual) / LENGTH_DEVIATION;
    return Math.exp(shift + stretch * Math.min(MOST_DEVIATIONS, Math.max(-MOST_DEVIATIONS, deviations)));
  };
  const wanted = Math.hypot(...coefficients);
  let shortest = 0;
  let longest = wanted / Math.exp(shift - MOST_DEVIATIONS * Math.abs(stretch));
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (shortest + longest) / 2;
    if (middle * factor(middle) < wanted) shortest = middle;
    else longest = middle;
  }
  return coefficients.map((each) => each * (longest / Math.max(wanted, SHORTEST)));
}

/**
 * Levels of a photo, row by row, at another size: the middle of it, in double precision.
 * `photo`: { width, height, data } as ImageData has it. `channels`: 1, 3 or 4.
 */
export function fitted(photo, width, height, channels) {
  const scale = Math.min(photo.width / width, photo.height / height);
  const across = triangles(photo.width, width, scale);
  const down = triangles(photo.height, height, scale);
  const paper = [255, 255, 255, 0];
  const narrow = new Float64Array(photo.height * width * channels);
  for (let row = 0; row < photo.height; row += 1) {
    const levels = levelsOf(photo, row, channels);
    across.forEach(({ first, weights }, column) => {
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        weights.forEach((weight, at) => (sum += weight * (levels[(first + at) * channels + channel] - paper[channel])));
        narrow[(row * width + column) * channels + channel] = sum;
      }
    });
  }
  const found = new Float64Array(height * width * channels);
  const line = width * channels;
  down.forEach(({ first, weights }, row) => {
    for (let place = 0; place < line; place += 1) {
      let sum = paper[place % channels];
      weights.forEach((weight, at) => (sum += weight * narrow[(first + at) * line + place]));
      found[row * line + place] = sum;
    }
  });
  return found;
}

/** What each pixel of a line counts for in each of the result, whose middle is the line's: where it begins, and how much. */
function triangles(pixels, wanted, scale) {
  const reach = Math.max(scale, 1);
  return Array.from({ length: wanted }, (_, number) => {
    const middle = (number + 0.5 - wanted / 2) * scale + pixels / 2;
    const first = Math.max(Math.ceil(middle - reach - 0.5), 0);
    const last = Math.min(Math.floor(middle + reach - 0.5), pixels - 1);
    const weights = [];
    for (let at = first; at <= last; at += 1) weights.push(Math.max(1 - Math.abs(at + 0.5 - middle) / reach, 0));
    const sum = Math.max(weights.reduce((total, each) => total + each, 0), 1e-12);
    return { first, weights: weights.map((each) => each / sum) };
  });
}

/** A row of levels in a model's channels; what is transparent lies on white where they have no opacity. */
function levelsOf({ width, data }, row, channels) {
  const levels = new Float64Array(width * channels);
  for (let column = 0; column < width; column += 1) {
    const from = 4 * (row * width + column);
    const opacity = data[from + 3] / 255;
    const seen = [0, 1, 2].map((at) => {
      if (channels === 4) return data[from + 3] ? data[from + at] : 255;
      return Math.round(data[from + at] * opacity + 255 * (1 - opacity));
    });
    if (channels === 1) levels[column] = (seen[0] * 19595 + seen[1] * 38470 + seen[2] * 7471 + 0x8000) >> 16; // ITU-R 601
    else for (let at = 0; at < 3; at += 1) levels[column * channels + at] = seen[at];
    if (channels === 4) levels[column * 4 + 3] = data[from + 3];
  }
  return levels;
}

/** Levels of a picture as the model draws it -> those of the small one that its components have. */
export function reduced(levels, { width, height, channels }, small) {
  const least = Math.max(width / small.width, height / small.height);
  const factor = 2 ** Math.ceil(Math.log2(least) - 1e-9);
  const [whole, tall] = [small.width * factor, small.height * factor];
  const found = new Float64Array(small.width * small.height * channels);
  for (let row = 0; row < tall; row += 1) {
    for (let column = 0; column < whole; column += 1) {
      const source = (Math.min(row, height - 1) * width + Math.min(column, width - 1)) * channels; // beyond the edge it is repeated
      const target = (Math.floor(row / factor) * small.width + Math.floor(column / factor)) * channels;
      for (let channel = 0; channel < channels; channel += 1) found[target + channel] += levels[source + channel];
    }
  }
  return found.map((each) => each / factor ** 2);
}

/** The fields of a protocol buffer's message: their numbers, and the bytes or the number that they hold. */
function* fields(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const key = varint(bytes, at);
    const [number, kind] = [Math.floor(key.value / 8), key.value % 8];
    const next = kind === 0 || kind === 2 ? varint(bytes, key.end) : { end: key.end + (kind === 1 ? 8 : 4) };
    at = kind === 2 ? next.end + next.value : next.end;
    if (at > bytes.length || ![0, 1, 2, 5].includes(kind)) throw new Error("model.onnx is no protocol buffer");
    yield { number, value: next.value, bytes: kind === 2 ? bytes.subarray(next.end, at) : null };
  }
}

/** The number of variable length that begins at a place, and where it ends. */
function varint(bytes, at) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end: at };
  }
}

/** A stored tensor whose name a pattern matches, under what the pattern's group says; else null. */
function tensorOf(bytes, pattern) {
  const dims = [];
  let name = "";
  let kind = 0;
  let raw = new Uint8Array();
  for (const part of fields(bytes)) {
    if (part.number === 1) dims.push(...(part.bytes ? packed(part.bytes) : [part.value]));
    else if (part.number === 2) kind = part.value;
    else if (part.number === 8) name = new TextDecoder().decode(part.bytes);
    else if (part.number === 9) raw = part.bytes;
  }
  const matched = name.match(pattern);
  if (!matched) return null;
  const buffer = raw.slice().buffer; // at an address that is a multiple of what a number takes
  const values = kind === FLOAT ? new Float32Array(buffer) : kind === HALF ? fromHalf(new Uint16Array(buffer)) : null;
  return { name: matched[1], dims, values };
}

/** Numbers of variable length, one after another. */
function packed(bytes) {
  const values = [];
  for (let at = 0; at < bytes.length; ) {
    const next = varint(bytes, at);
    values.push(next.value);
    at = next.end;
  }
  return values;
}

/** IEEE 754 half precision -> single. */
function fromHalf(halves) {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}
