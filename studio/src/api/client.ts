/** Requests to the server. What goes wrong becomes a `Problem`, whose message is a sentence for a person. */

import { t } from "../words";

export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

/** The address that the page is under, which ends with a slash. */
export const BASE = new URL(".", document.baseURI);

/** An address of the server: `path` is below the page's own, whatever prefix that has. */
export function address(path: string): string {
  const below = path.startsWith(BASE.pathname) ? path.slice(BASE.pathname.length) : path.replace(/^\/+/, "");
  return new URL(below, BASE).href;
}

/** Characters of a request that goes on when its page is gone; browsers take 64 KiB of all such together. */
const LONGEST_KEPT = 4096;

type Query = Record<string, string | number | boolean | null | undefined>;

/** A path of names that may hold spaces, with a query; what is null or undefined in it is left out. */
export function path(parts: readonly string[], query: Query = {}): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value != null) asked.set(name, String(value));
  const text = asked.toString();
  return parts.map(encodeURIComponent).join("/") + (text ? `?${text}` : "");
}

/** The JSON that the server answers with.
 *
 * Raises Problem: the server cannot be reached (status 0), or says what is wrong.
 */
export async function request<T>(method: string, where: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const raw = body instanceof Blob || body instanceof FormData;
  const init: RequestInit = { method, signal: signal ?? null, credentials: "same-origin" };
  if (raw) init.body = body;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "Content-Type": "application/json" };
    init.keepalive = init.body.length <= LONGEST_KEPT; // what was just changed arrives, also where the page is left at once
  }
  let response: Response;
  try {
    response = await fetch(address(where), init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(t("problem.unreachable"), 0);
  }
  if (!response.ok) throw problemFrom(await response.json().catch(() => null), response.status);
  return (response.status === 204 ? null : await response.json()) as T;
}

export const get = <T>(where: string, signal?: AbortSignal) => request<T>("GET", where, undefined, signal);
export const post = <T>(where: string, body: unknown = {}) => request<T>("POST", where, body);
export const put = <T>(where: string, body: unknown) => request<T>("PUT", where, body);
export const patch = <T>(where: string, body: unknown) => request<T>("PATCH", where, body);
export const remove = <T>(where: string) => request<T>("DELETE", where);

/** What went wrong, as a sentence. */
export const sentence = (error: unknown): string => (error instanceof Problem ? error.message : String(error));

/** What an answer's JSON, or what there is instead, says is wrong. */
export function problemFrom(said: unknown, status: number): Problem {
  const { detail, field } = (said ?? {}) as { detail?: unknown; field?: unknown };
  const words = typeof detail === "string" ? detail : t("problem.status", { status });
  return new Problem(words, status, typeof field === "string" ? field : null);
}
