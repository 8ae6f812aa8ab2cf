/** Numbers, times and sizes as people read them, in the chosen language. */

import { language, t } from "./words";

const made = new Map<string, Intl.NumberFormat>();

/** Making one takes longer than all else of a card, so each is made once. */
function numbers(options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const key = language.value + JSON.stringify(options);
  const known = made.get(key) ?? new Intl.NumberFormat(language.value, options);
  made.set(key, known);
  return known;
}

export const count = (value: number): string => numbers().format(Math.round(value));

/** 640, 12.8k, 1.2M: for places with little room. */
export const short = (value: number): string =>
  numbers({ notation: "compact", maximumSignificantDigits: 3 }).format(value);

/** A measure with three significant digits. */
export const measure = (value: number | null | undefined): string =>
  value == null || !Number.isFinite(value) ? "–" : numbers({ maximumSignificantDigits: 3 }).format(value);

/** A measure with two of its standard errors. */
export const withError = (value: number, error: number | null): string =>
  error === null ? measure(value) : `${measure(value)} ± ${measure(2 * error)}`;

export const percent = (share: number): string =>
  numbers({ style: "percent", maximumFractionDigits: 0 }).format(share);

/** 45 s, 12 min, 2 h 5 min: two units at most, and none smaller than helps. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return t("time.seconds", { n: whole });
  const minutes = Math.round(whole / 60);
  if (whole < 600 && whole % 60) return t("time.minutesSeconds", { minutes: Math.floor(whole / 60), n: whole % 60 });
  if (minutes < 60) return t("time.minutes", { n: minutes });
  if (minutes < 60 * 48) {
    const hours = Math.floor(minutes / 60);
    return minutes % 60 ? t("time.hoursMinutes", { hours, n: minutes % 60 }) : t("time.hours", { n: hours });
  }
  return t("time.days", { n: Math.round(minutes / 60 / 24) });
}

const UNITS = ["kilobyte", "megabyte", "gigabyte", "terabyte"];

export function bytes(size: number): string {
  const power = Math.min(UNITS.length, Math.max(1, Math.floor(Math.log10(Math.max(size, 1)) / 3)));
  const style = { style: "unit", unit: UNITS[power - 1], maximumSignificantDigits: 3 } as const;
  return numbers(style).format(size / 1000 ** power);
}

/** How long ago, or when it was longer than a week: 3 minutes ago, yesterday, 4 May. Both in seconds since 1970. */
export function ago(then: number, now = Date.now() / 1000): string {
  const passed = Math.max(0, now - then);
  const relative = new Intl.RelativeTimeFormat(language.value, { numeric: "auto" });
  if (passed < 60) return t("time.justNow");
  if (passed < 3600) return relative.format(-Math.round(passed / 60), "minute");
  if (passed < 86_400) return relative.format(-Math.round(passed / 3600), "hour");
  if (passed < 604_800) return relative.format(-Math.round(passed / 86_400), "day");
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium" }).format(then * 1000);
}

/** The time of day, with the day where it is another: 14:05, or Tue 14:05. */
export function clock(then: number, now = Date.now() / 1000): string {
  const sameDay = new Date(then * 1000).toDateString() === new Date(now * 1000).toDateString();
  const style: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(language.value, sameDay ? style : { ...style, weekday: "short" }).format(then * 1000);
}

/** A sentence as it begins. */
export const capital = (text: string): string => text.charAt(0).toLocaleUpperCase(language.value) + text.slice(1);

/** 64 px, 96 × 64 px. */
export const size = (width: number, height: number): string =>
  width === height ? t("size.square", { px: width }) : t("size.both", { width, height });
