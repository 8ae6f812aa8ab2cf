// The files beside the page, or inside it where everything is one file.

// Name -> for each of its pieces, what its address ends with and the checksums that it may have.
const assets = JSON.parse(document.body.dataset.assets);

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

/** Where a whole file is; another version of it has another address, so that no cache confuses them. */
export function addressOf(name) {
  return `${name}?${assets[name][0].tag}`;
}

async function fetched(name) {
  const pieces = assets[name];
  const places = pieces.length > 1 ? pieces.map((_, at) => `${name}.${at}`) : [name];
  const parts = await Promise.all(places.map((place, at) => checked(place, pieces[at])));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The bytes of a file, if they are those that this page was made with. */
async function checked(place, { tag, integrity }) {
  try {
    const response = await fetch(`${place}?${tag}`, { integrity });
    if (response.ok) return await response.arrayBuffer();
  } catch (error) {
    console.warn(error);
  }
  throw new Error(await trouble(place));
}

/** Why a file could not be had. */
export async function trouble(place) {
  const response = await fetch(place, { cache: "no-store" }).catch(() => null);
  await response?.body?.cancel();
  if (!response) return `${place} cannot be reached.`;
  const isPage = response.headers.get("Content-Type")?.startsWith("text/html");
  if (!response.ok || isPage) return `${place} is missing on this server.`;
  return `${place} on this server is of another version than this page. Reload the page.`;
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at);
  return bytes;
}
