import { useState } from "preact/hooks";
import { address } from "../api/client";
import "./picture.css";

export interface PictureProps {
  src: string | null;
  alt: string;
  /** px of the picture itself, which keep its place until it is there. */
  width?: number;
  height?: number;
  /** Fetched when it comes into sight. */
  lazy?: boolean;
  onLoad?: (picture: HTMLImageElement) => void;
}

/**
 * A picture from the server, or its empty place where there is none. When `src` changes, browsers show the old one until
 * the new one is there.
 */
export function Picture({ src, alt, width, height, lazy, onLoad }: PictureProps) {
  const [missing, setMissing] = useState<string | null>(null);
  if (src === null || src === missing) return <div class="picture none" role="img" aria-label={alt} />;
  return (
    <img
      class="picture" src={address(src)} alt={alt} width={width} height={height}
      onLoad={(event) => onLoad?.(event.currentTarget)} onError={() => setMissing(src)}
      loading={lazy ? "lazy" : "eager"} decoding={lazy ? "auto" : "sync"}
    />
  );
}

interface ThumbnailProps {
  src: string;
  class?: string | undefined;
}

/** A small picture beside its name, or a sign that it cannot be read. */
export function Thumbnail({ src, class: kind }: ThumbnailProps) {
  const [missing, setMissing] = useState<string | null>(null);
  if (src === missing) return <span class="thumb broken" aria-hidden="true">?</span>;
  return <img class={kind} src={address(src)} alt="" loading="lazy" decoding="async" draggable={false} onError={() => setMissing(src)} />;
}
