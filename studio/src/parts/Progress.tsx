import "./progress.css";

/** share: 0..1, or null where nobody knows how much is left. */
export function Progress({ share, label }: { share: number | null; label: string }) {
  return <progress class="progress" max={1} value={share === null ? undefined : Math.min(Math.max(share, 0), 1)} aria-label={label} />;
}
