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

/** A picture from the server. When `src` changes, browsers show the old one until the new one is there. */
export function Picture({ src, alt, width, height, lazy, onLoad }: PictureProps) {
  if (src === null) return <div class="picture none" role="img" aria-label={alt} />;
  return (
    <img
      class="picture" src={address(src)} alt={alt} width={width} height={height}
      onLoad={(event) => onLoad?.(event.currentTarget)}
      loading={lazy ? "lazy" : "eager"} decoding={lazy ? "auto" : "sync"}
    />
  );
}
