import { useEffect, useState } from "preact/hooks";
import { address } from "../api/client";
import "./picture.css";

export interface PictureProps {
  src: string | null;
  alt: string;
  width?: number; // px of the picture itself, which keep its place until it is there
  height?: number;
  lazy?: boolean;
}

/** A picture from the server. When `src` changes, the old one stays until the new one can be shown: no flicker. */
export function Picture({ src, alt, width, height, lazy }: PictureProps) {
  const url = src === null ? null : address(src);
  const [shown, setShown] = useState(url);
  useEffect(() => {
    if (url === shown) return;
    if (url === null || shown === null || lazy) return setShown(url);
    let current = true;
    const coming = new Image();
    coming.src = url;
    coming.decode().catch(() => undefined).then(() => current && setShown(url));
    return () => { current = false; };
  }, [url]);
  if (shown === null) return <div class="picture none" role="img" aria-label={alt} />;
  return <img class="picture" src={shown} alt={alt} width={width} height={height} loading={lazy ? "lazy" : undefined} decoding="async" />;
}
