/** RGB pixels -> a PNG. */
import { crc32, deflateSync } from "node:zlib";

function chunk(kind, data) {
  const whole = Buffer.concat([Buffer.from(kind), data]);
  const length = Buffer.alloc(4), sum = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(whole));
  return Buffer.concat([length, whole, sum]);
}

/** pixels: width * height * 3 bytes, row by row. */
export function png(width, height, pixels) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (3 * width + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(3 * y * width, 3 * (y + 1) * width), y * (3 * width + 1) + 1);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(rows, { level: 3 })), chunk("IEND", Buffer.alloc(0))]);
}

/** Pictures (each side * side * 3 bytes) on pale paper with 2 px between them, as Ganvas lays out its sheets. */
export function sheet(pictures, side, columns, scale = 1) {
  const rows = Math.ceil(pictures.length / columns), cell = side + 2;
  const width = (columns * cell + 2) * scale, height = (rows * cell + 2) * scale;
  const pixels = Buffer.alloc(width * height * 3, 0xf4);
  pictures.forEach((picture, index) => {
    const left = (2 + (index % columns) * cell) * scale, top = (2 + Math.floor(index / columns) * cell) * scale;
    for (let y = 0; y < side * scale; y++)
      for (let x = 0; x < side * scale; x++) {
        const from = 3 * (Math.floor(y / scale) * side + Math.floor(x / scale)), to = 3 * ((top + y) * width + left + x);
        pixels[to] = picture[from]; pixels[to + 1] = picture[from + 1]; pixels[to + 2] = picture[from + 2];
      }
  });
  return png(width, height, pixels);
}
