/** Made pictures: a cartoon face per seed, the less clear the less was learned. */

export function randomFrom(seed) {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const GROUNDS = [[214, 232, 238], [242, 222, 206], [222, 236, 214], [236, 226, 244], [250, 238, 200], [206, 216, 232]];
const SKINS = [[250, 216, 186], [236, 188, 148], [196, 138, 98], [142, 92, 62], [102, 66, 46], [255, 228, 204]];
const HAIRS = [[40, 30, 28], [92, 58, 34], [196, 140, 62], [226, 196, 120], [140, 42, 30], [120, 120, 128], [60, 84, 128]];
const SHIRTS = [[70, 110, 150], [160, 70, 60], [80, 130, 90], [220, 170, 60], [110, 90, 150], [60, 60, 66]];

/** side * side * 3 bytes. learned: 0 (noise and blur) to 1 (clear). */
export function face(seed, side, learned, style = 0) {
  const random = randomFrom(seed + 7919 * style);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const ground = pick(GROUNDS), skin = pick(SKINS), hair = pick(HAIRS), shirt = pick(SHIRTS);
  const long = random() < 0.45, glasses = random() < 0.3, beard = random() < 0.25 && !long, smile = random();
  const wide = 0.21 + 0.05 * random(), tall = 0.27 + 0.05 * random(), fringe = 0.12 + 0.14 * random();
  const inside = (x, y, cx, cy, rx, ry) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
  const at = (x, y) => {
    let colour = ground;
    if (long && inside(x, y, 0.5, 0.5, wide + 0.1, tall + 0.14)) colour = hair;
    if (inside(x, y, 0.5, 1.12, 0.42, 0.36)) colour = shirt;
    if (Math.abs(x - 0.5) < 0.08 && y > 0.6 && y < 0.82) colour = skin.map((v) => v * 0.92);
    if (inside(x, y, 0.5, 0.36, wide + 0.05, tall)) colour = hair;
    if (inside(x, y, 0.5, 0.48, wide, tall) && y > 0.48 - tall + fringe) colour = skin;
    if (beard && inside(x, y, 0.5, 0.48, wide, tall) && y > 0.58) colour = hair;
    for (const eye of [0.5 - wide * 0.45, 0.5 + wide * 0.45]) {
      if (inside(x, y, eye, 0.46, 0.045, 0.035)) colour = [250, 250, 250];
      if (inside(x, y, eye, 0.46, 0.022, 0.028)) colour = [36, 30, 30];
      if (glasses && inside(x, y, eye, 0.46, 0.085, 0.075) && !inside(x, y, eye, 0.46, 0.068, 0.058)) colour = [40, 40, 44];
    }
    if (inside(x, y, 0.5, 0.53, 0.018, 0.035)) colour = skin.map((v) => v * 0.86);
    if (inside(x, y, 0.5, 0.62, 0.08, 0.02 + 0.02 * smile) && y > 0.62 - 0.01 * smile) colour = [168, 60, 56];
    return colour;
  };
  const sharp = new Float32Array(side * side * 3);
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) sharp.set(at((x + 0.5) / side, (y + 0.5) / side), 3 * (y * side + x));
  const blurred = blur(sharp, side, Math.round(side * 0.16 * (1 - learned) ** 1.5));
  const noise = randomFrom(seed + 1), made = new Uint8Array(sharp.length);
  for (let i = 0; i < made.length; i++) {
    const grain = (noise() - 0.5) * 90 * (1 - learned) ** 2;
    made[i] = Math.max(0, Math.min(255, blurred[i] * (0.55 + 0.45 * learned) + 128 * (0.45 - 0.45 * learned) + grain));
  }
  return made;
}

function blur(pixels, side, radius) {
  if (radius < 1) return pixels;
  let from = pixels;
  for (const [stepX, stepY] of [[1, 0], [0, 1]]) {
    const to = new Float32Array(from.length);
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let d = -radius; d <= radius; d++) {
            const px = Math.max(0, Math.min(side - 1, x + d * stepX)), py = Math.max(0, Math.min(side - 1, y + d * stepY));
            sum += from[3 * (py * side + px) + c];
          }
          to[3 * (y * side + x) + c] = sum / (2 * radius + 1);
        }
    from = to;
  }
  return from;
}
