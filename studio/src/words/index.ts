/** All words of the page, in the language that is chosen. `en.ts` says which there are; the others have the same. */

import { signal } from "@preact/signals";
import { en } from "./en";

/** Words with a number in them: by the plural forms that the language has, of which all have `other`. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Key = keyof typeof en;
export type Words = { [K in Key]: (typeof en)[K] extends string ? string : Plural };
export type Values = Record<string, string | number>;

export const LANGUAGES = { en: "English", es: "Español" } as const;
export type Language = keyof typeof LANGUAGES;

const LOADED: Record<Language, () => Promise<Words>> = {
  en: async () => en,
  es: async () => (await import("./es")).es,
};
const KEPT = "ganvas-language";

export const language = signal<Language>("en");
const words = signal<Words>(en);
let numbers = new Intl.NumberFormat("en");
let plurals = new Intl.PluralRules("en");

/** The words of `key`, with {name} replaced by its value; numbers are written as the language does. `n` chooses the plural. */
export function t(key: Key, values: Values = {}): string {
  const said: string | Plural = words.value[key];
  const text = typeof said === "string" ? said : (said[plurals.select(Number(values.n))] ?? said.other);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return typeof value === "number" ? numbers.format(value) : (value ?? whole);
  });
}

/** The words of a key that the server named; `fallback` where the page knows none. */
export function named(key: string, values: Values = {}, fallback = key): string {
  return key in en ? t(key as Key, values) : fallback;
}

export async function speak(chosen: Language): Promise<void> {
  const loaded = await LOADED[chosen]();
  numbers = new Intl.NumberFormat(chosen);
  plurals = new Intl.PluralRules(chosen);
  words.value = loaded;
  language.value = chosen;
  document.documentElement.lang = chosen;
  localStorage.setItem(KEPT, chosen);
}

/** The language that was chosen, or else the first of the browser's that there is. */
export function preferredLanguage(kept = localStorage.getItem(KEPT), asked: readonly string[] = navigator.languages): Language {
  const wanted = [...(kept ? [kept] : []), ...asked].map((tag) => tag.slice(0, 2));
  return (wanted.find((tag) => tag in LANGUAGES) ?? "en") as Language;
}
