import { signal } from "@preact/signals";

const query = matchMedia("(max-width: 64rem)");
const narrow = signal(query.matches);
query.addEventListener("change", () => { narrow.value = query.matches; });

/** Whether there is no room for a column beside the main one; the same width as in the styles of screens. */
export const useIsNarrow = (): boolean => narrow.value;
