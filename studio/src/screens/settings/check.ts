/** Settings as they describe themselves: what may be typed, and what is wrong with what was. */

import type { SettingInfo } from "../../api/types";
import { measure } from "../../format";
import { t } from "../../words";

/** What is wrong with a value, in a sentence; null: nothing. The server checks again, and more. */
export function fault({ kind, minimum, maximum, optional, choices, default: usual }: SettingInfo, value: unknown): string | null {
  if (value === null || value === "") return optional || usual === "" ? null : t("setting.missing");
  if ((kind !== "whole" && kind !== "number") || choices?.includes(value)) return null;
  if (typeof value !== "number" || !Number.isFinite(value)) return t("setting.number");
  if (kind === "whole" && !Number.isInteger(value)) return t("setting.whole");
  if (minimum !== null && value < minimum) return t("setting.least", { least: measure(minimum) });
  if (maximum !== null && value > maximum) return t("setting.most", { most: measure(maximum) });
  return null;
}

export const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(plain(one)) === JSON.stringify(plain(other));

/** null for whatever holds nothing. */
const plain = (value: unknown): unknown => (value === undefined || value === "" || (Array.isArray(value) && !value.length) ? null : value);

/** A setting's name as a label, and its description as a sentence, without where it was measured. */
export const labelOf = ({ path }: { path: string }): string => capital(parted(path)[1].replaceAll("_", " "));
export const helpOf = ({ description }: SettingInfo): string => capital(description.replace(/\s*\((?:journal|docs)\b[^)]*\)/g, ""));
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** A value as people read it. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) return "–";
  if (typeof value === "boolean") return t(value ? "setting.yes" : "setting.no");
  if (typeof value === "number") return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6 ? measure(value) : String(value);
  return Array.isArray(value) ? value.map(shown).join(", ") : String(value);
}

/** "optimizer.beta1" -> ["optimizer", "beta1"]; what has no section is under "". */
export function parted(path: string): [section: string, field: string] {
  const at = path.lastIndexOf(".");
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)];
}

export function bySection<T extends { path: string }>(settings: readonly T[]): Map<string, T[]> {
  const sections = new Map<string, T[]>();
  for (const setting of settings) {
    const [section] = parted(setting.path);
    sections.set(section, [...(sections.get(section) ?? []), setting]);
  }
  return sections;
}

/** Those whose path or description has all the words. */
export function matching(settings: readonly SettingInfo[], find: string): SettingInfo[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  return settings.filter(({ path, description }) => words.every((word) => `${path} ${description}`.toLowerCase().includes(word)));
}
