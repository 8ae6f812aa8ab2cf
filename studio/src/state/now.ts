import { signal } from "@preact/signals";

/** Seconds since 1970, each second anew while the page is looked at. */
export const now = signal(Date.now() / 1000);

const tick = () => {
  if (!document.hidden) now.value = Date.now() / 1000;
};
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
