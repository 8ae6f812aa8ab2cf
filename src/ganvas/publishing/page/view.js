// What is painted where, and what is handed to a person as a file.

export const find = (id) => document.getElementById(id);

export function paint(canvas, image) {
  const { width, height } = image;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

export function canvasOf(image) {
  return paint(document.createElement("canvas"), image);
}

/** Until the browser has shown what was painted, or a moment where it shows nothing. */
export function breath() {
  return new Promise((done) => {
    setTimeout(done, 100);
    requestAnimationFrame(() => setTimeout(done));
  });
}

/** Let a person keep a Blob as a file. */
export function handOver(blob, name) {
  const href = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** A picture as a PNG that says what it was drawn from, enlarged by whole numbers. */
export async function toPng(image, link, scale = 1) {
  let canvas = canvasOf(image);
  if (scale > 1) {
    const large = Object.assign(document.createElement("canvas"), { width: image.width * scale, height: image.height * scale });
    const context = large.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, large.width, large.height);
    canvas = large;
  }
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error("the picture could not be saved");
  return withText(new Uint8Array(await blob.arrayBuffer()), "Ganvas", link);
}

/** A PNG with a tEXt chunk before all others but the first. Source: PNG, W3C 2003, 11.3.4.3. */
export function withText(png, keyword, text) {
  const body = new TextEncoder().encode(`tEXt${keyword}\0${text}`);
  const chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(body.length + 4, crc32(body));
  const head = 33; // the signature, and the chunk that says the size
  return new Blob([png.subarray(0, head), chunk, png.subarray(head)], { type: "image/png" });
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** The checksum of PNG and ZIP: CRC-32 of ISO 3309. */
export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** Files, { name, bytes }, as a ZIP that stores them as they are. Source: PKWARE's APPNOTE 6.3, no larger than 4 GB. */
export function zipped(files) {
  const parts = [];
  const entries = [];
  let at = 0;
  for (const { name, bytes } of files) {
    const title = new TextEncoder().encode(name);
    const common = [20, 0x0800, 0, 0, 0x21, crc32(bytes), bytes.length, bytes.length, title.length, 0]; // 1980-01-01
    const told = common.map((value, number) => [number >= 5 && number <= 7 ? 4 : 2, value]);
    const local = numbers([[4, 0x04034b50], ...told]);
    parts.push(local, title, bytes);
    entries.push(numbers([[4, 0x02014b50], [2, 20], ...told, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]), title);
    at += local.length + title.length + bytes.length;
  }
  const size = entries.reduce((sum, each) => sum + each.length, 0);
  const end = [[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, at], [2, 0]];
  return new Blob([...parts, ...entries, numbers(end)], { type: "application/zip" });
}

/** [bytes, value] pairs, little-endian. */
function numbers(pairs) {
  const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of pairs) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}
