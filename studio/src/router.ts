/** Where the page is: everything after the # of the address. #/runs/NAME?at=12800 has the parts runs and NAME. */

import { signal } from "@preact/signals";

export interface Place {
  parts: string[];
  query: Record<string, string>;
}

type Query = Record<string, string | number | null | undefined>;

export function parsePlace(hash: string): Place {
  const [where = "", asked = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const parts = where.split("/").filter(Boolean).map(decoded);
  return { parts, query: Object.fromEntries(new URLSearchParams(asked)) };
}

/** The address of a place; what is null, undefined or "" in the query is left out. Slashes stay readable. */
export function href(parts: readonly string[], query: Query = {}): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value != null && value !== "") asked.set(name, String(value));
  const text = asked.toString().replaceAll("%2F", "/");
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export const place = signal<Place>(parsePlace(location.hash));

export function go(parts: readonly string[], query: Query = {}): void {
  location.hash = href(parts, query);
}

/** Change the query where the page is, without an entry in the browser's history. */
export function setQuery(changes: Query): void {
  const { parts, query } = place.peek();
  const address = href(parts, { ...query, ...changes });
  if (address === href(parts, query)) return;
  history.replaceState(null, "", address);
  place.value = parsePlace(address);
}

export function followAddress(): void {
  addEventListener("hashchange", () => {
    place.value = parsePlace(location.hash);
  });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
