/** What a file is, by its name. The server looks at its content; this only says how it is sent, and spares it the rest. */

export type FileKind = "picture" | "zip" | "video" | "labels" | "hidden" | "other";

const PICTURES = /\.(jpe?g|jpe|jfif|a?png|webp|avif|hei[cf]|hif|gif|bmp|dib|tiff?|p[gpnb]m)$/i;
const VIDEOS = /\.(mp4|m4v|mov|webm|mkv|avi)$/i;
const LABELS = /(^|\/)(dataset\.json|metadata\.(jsonl|csv)|labels\.csv)$/i;
const HIDDEN = /(^|\/)(\.|__MACOSX(\/|$)|@eaDir(\/|$)|Thumbs\.db$|desktop\.ini$)/i; // what systems put beside pictures

export function kindOf(path: string): FileKind {
  if (HIDDEN.test(path)) return "hidden";
  if (LABELS.test(path)) return "labels";
  if (PICTURES.test(path)) return "picture";
  if (/\.zip$/i.test(path)) return "zip";
  return VIDEOS.test(path) ? "video" : "other";
}
