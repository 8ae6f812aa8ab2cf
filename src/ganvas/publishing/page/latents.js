// Seed -> latent: the same numbers as ganvas/latents.py, which says where they come from.

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57];
const WEYL = [0x9e3779b9, 0xbb67ae85];
const ROUNDS = 10;
const LOW = 0xffffffffn;
export const LARGEST_SEED = 2n ** 64n - 1n;

/** The high and the low 32 bits of a product of two 32-bit numbers. */
function product(a, b) {
  const low = (a & 0xffff) * (b & 0xffff);
  const middle = (a >>> 16) * (b & 0xffff) + (low >>> 16); // below 2^33
  const other = (a & 0xffff) * (b >>> 16) + (middle % 0x10000);
  const high = (a >>> 16) * (b >>> 16) + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}

/** Philox 4x32-10: four 32-bit words from a counter of four and a key of two. */
export function philox(counter, key) {
  let [a, b, c, d] = counter;
  let [left, right] = key;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [high, low] = product(a, MULTIPLIERS[0]);
    const [otherHigh, otherLow] = product(c, MULTIPLIERS[1]);
    [a, b, c, d] = [(otherHigh ^ b ^ left) >>> 0, otherLow, (high ^ d ^ right) >>> 0, low];
    left = (left + WEYL[0]) >>> 0;
    right = (right + WEYL[1]) >>> 0;
  }
  return [a, b, c, d];
}

/** The first `count` words of a seed's stream. `seed`: a BigInt from 0 to LARGEST_SEED. */
export function randomWords(seed, count) {
  if (seed < 0n || seed > LARGEST_SEED) throw new RangeError(`a seed must be from 0 to ${LARGEST_SEED}, got ${seed}`);
  const key = [Number(seed & LOW), Number(seed >> 32n)];
  const words = [];
  for (let block = 0; words.length < count; block += 1) words.push(...philox([block, 0, 0, 0], key));
  return words.slice(0, count);
}

const fraction = (word) => (word + 0.5) / 2 ** 32;

/** The latent of a seed: `zDim` numbers, "normal" as N(0, 1) or "uniform" on (-1, 1). */
export function latent(seed, zDim, distribution) {
  const fractions = randomWords(seed, zDim + (zDim % 2)).map(fraction);
  if (distribution === "uniform") return Float32Array.from(fractions.slice(0, zDim), (each) => each * 2 - 1);
  const normal = [];
  for (let at = 0; at < fractions.length; at += 2) {
    const radius = Math.sqrt(-2 * Math.log(fractions[at]));
    const angle = 2 * Math.PI * fractions[at + 1];
    normal.push(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  return Float32Array.from(normal.slice(0, zDim));
}

/** The number of the class of a seed whose label nobody chose, from 0 to `classes` - 1. */
export function randomLabel(seed, classes) {
  const [word] = randomWords(seed ^ (LOW << 32n), 1);
  return Number((BigInt(word) * BigInt(classes)) >> 32n);
}
