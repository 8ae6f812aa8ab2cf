// The files beside the page, or inside it where everything is one file.

const split = JSON.parse(document.body.dataset.split); // name -> of how many pieces

export const isOneFile = Boolean(document.querySelector("script[id^='asset:']"));

/** The bytes of a file; one that ends in .gz is unpacked, unless whoever served it did so already. */
export async function asset(name) {
  const held = document.getElementById(`asset:${name}`);
  const packed = held ? fromBase64(held.textContent) : await fetched(name);
  held?.remove(); // megabytes that are not needed twice
  const isPacked = packed[0] === 0x1f && packed[1] === 0x8b;
  if (!isPacked) return packed;
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/** A JSON file. */
export async function jsonAsset(name) {
  return JSON.parse(new TextDecoder().decode(await asset(name)));
}

async function fetched(name) {
  if (split[name]) {
    const pieces = await Promise.all(Array.from({ length: split[name] }, (_, at) => fetched(`${name}.${at}`)));
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at);
  return bytes;
}
