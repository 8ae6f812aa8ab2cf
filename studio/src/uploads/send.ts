/** One request of an upload. `fetch` cannot tell how much was sent, so that this is an XMLHttpRequest. */

import { address, path, Problem, problemFrom } from "../api/client";
import type { Sent } from "../api/types";
import { t } from "../words";
import type { Batch } from "./batches";
import { kindOf } from "./kinds";

export interface SendOptions {
  set: string;
  every: number; // seconds from one frame of a video to the next
  signal: AbortSignal;
  onShare: (share: number) => void; // of its bytes, 0..1
}

export type Send = (batch: Batch, options: SendOptions) => Promise<Sent>;

/** Raises Problem: the server cannot be reached (status 0), or refuses; DOMException: it was cancelled. */
export const send: Send = (batch, { set, every, signal, onShare }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address(whereTo(batch, set, every)));
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => lengthComputable && onShare(loaded / total);
    request.onload = () => {
      if (request.status < 300) resolve(request.response as Sent);
      else reject(problemFrom(request.response, request.status));
    };
    request.onerror = () => reject(new Problem(t("problem.unreachable"), 0));
    request.onabort = () => reject(signal.reason);
    const stop = () => request.abort();
    signal.addEventListener("abort", stop);
    request.onloadend = () => signal.removeEventListener("abort", stop);
    request.send(bodyOf(batch));
  });

function whereTo({ kind, files: [first] }: Batch, set: string, every: number): string {
  const to = ["api", "sets", set, "files"];
  return kind === "alone" && first ? path(to, { path: first.path, every: kindOf(first.path) === "video" ? every : null }) : path(to);
}

function bodyOf({ kind, files }: Batch): FormData | Blob {
  const [first] = files;
  if (kind === "alone" && first) return first.file;
  const form = new FormData();
  for (const { path, file } of files) form.append("files", file, path);
  return form;
}
