import { afterEach, expect, test } from "vitest";
import examples from "../../../src/ganvas/studio/examples/index.json";
import { type Key, language, LANGUAGES, named, type Plural, preferredLanguage, speak, t } from ".";
import { en } from "./en";
import { es } from "./es";

afterEach(() => speak("en"));

const textsOf = (said: string | Plural): string[] => (typeof said === "string" ? [said] : (Object.values(said) as string[]));
const places = (said: string | Plural) => [...new Set(textsOf(said).flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();

test("all is said in all languages with the same values in it, and nothing with spaces around it", () => {
  for (const key of Object.keys(en) as Key[]) {
    expect(places(es[key]), key).toEqual(places(en[key]));
    for (const text of [...textsOf(en[key]), ...textsOf(es[key])]) expect(text.trim(), key).toBe(text);
  }
});

test("each number has its plural form", async () => {
  expect([0, 1, 2, 12_800].map((n) => t("images", { n }))).toEqual(["0 images", "1 image", "2 images", "12,800 images"]);
  await speak("es");
  expect([1, 12_800].map((n) => t("images", { n }))).toEqual(["1 imagen", "12.800 imágenes"]);
});

test("a value that nobody gave stays visible, so that it is found", () => {
  expect(t("run.left")).toBe("{time} left");
});

test("a key that only the server knows has what stands in for it", () => {
  expect(named("offer.of_a_later_version", {}, "Try it")).toBe("Try it");
  expect(named("offer.stop", {}, "Try it")).toBe("Stop here");
});

test("the page speaks the kept language, else the first of the browser's that there is, else English", () => {
  expect(preferredLanguage("es", ["en"])).toBe("es");
  expect(preferredLanguage(null, ["fr-CA", "es-MX", "en"])).toBe("es");
  expect(preferredLanguage("xx", ["fr"])).toBe("en");
});

test("a chosen language is kept, and told to screen readers", async () => {
  for (const tag of Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]) {
    await speak(tag);
    expect([language.value, document.documentElement.lang, localStorage.getItem("ganvas-language")]).toEqual([tag, tag, tag]);
  }
});

test("every set that a forecast shows has a name", () => {
  for (const { set } of examples) expect(named(`known.${set}`, {}, ""), set).not.toBe("");
});
