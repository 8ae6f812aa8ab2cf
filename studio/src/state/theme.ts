import { effect, signal } from "@preact/signals";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEPT = "ganvas-theme";
const kept = localStorage.getItem(KEPT) as Theme | null;

export const theme = signal<Theme>(kept && THEMES.includes(kept) ? kept : "auto");
/** Counts up when the colours change, also where the system's do: for what draws on a canvas. */
export const coloursChanged = signal(0);

export function keepTheme(): void {
  effect(() => {
    if (theme.value === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme.value;
    localStorage.setItem(KEPT, theme.value);
    coloursChanged.value = coloursChanged.peek() + 1;
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { coloursChanged.value += 1; });
}
