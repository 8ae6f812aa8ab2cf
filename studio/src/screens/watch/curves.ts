/** From the log's columns to curves. */

import type { Columns } from "../../api/types";
import type { Line } from "../../parts";
import { rowsWith } from "../../state/columns";
import { t } from "../../words";
import { smoothed } from "./smooth";

export interface Curve {
  id: "kd" | "losses" | "coverage" | "scores" | "speed";
  lines: Line[];
  isLog: boolean;
}

type Values = readonly (number | null)[];

const LEAST_KD = 1e-5; // what is lower, or below 0 as an estimate may be, stands at the foot of the logarithmic height
const above = (value: number | null) => (value === null ? null : Math.max(value, LEAST_KD));

/** weight: of the smoothing. floor: KD of real pictures among themselves, where it was measured. */
export function curves(columns: Columns, weight: number, floor: number | null): Curve[] {
  const x = (columns["images"] ?? []).map((value) => value ?? 0);
  const both = (name: string, label: string, colour: number): Line[] => {
    const y = columns[name];
    if (!y) return [];
    const curve: Line = { label, x, y: smoothed(y, weight), colour };
    return weight > 0 ? [{ label, x, y, colour, look: "faint" }, curve] : [curve];
  };
  const measured = (name: string, label: string, colour: number): Line[] => {
    const [images = [], y = []] = rowsWith(columns, [name]);
    return images.length > 0 ? [{ label, x: images as number[], y, colour }] : [];
  };
  const all: Curve[] = [
    { id: "kd", lines: kdLines(columns, floor), isLog: true },
    {
      id: "losses", isLog: false,
      lines: [...both("generator_loss", t("curves.generator"), 0), ...both("discriminator_loss", t("curves.discriminator"), 1)],
    },
    {
      id: "coverage", isLog: false,
      lines: [
        ...measured("precision", t("curves.precision"), 2), ...measured("recall", t("curves.recall"), 3),
        ...measured("spread", t("curves.spread"), 4),
      ],
    },
    { id: "scores", isLog: false, lines: [...both("real_score", t("curves.real"), 2), ...both("fake_score", t("curves.fake"), 1)] },
    { id: "speed", isLog: false, lines: both("images_per_second", t("curves.speedLine"), 5) },
  ];
  return all.filter((curve) => curve.lines.length > 0);
}

/** KD with two standard errors around it, and what it is held against. */
function kdLines(columns: Columns, floor: number | null): Line[] {
  const [x = [], kd = [], error = [], pca = []] = rowsWith(columns, ["kernel_distance", "kernel_distance_error", "pca_distance"]);
  const images = x as number[];
  if (images.length === 0) return [];
  const end = (sign: 1 | -1): Values => kd.map((value, index) => above(value === null ? null : value + sign * 2 * (error[index] ?? 0)));
  const level = (label: string, value: number, colour: number): Line => {
    return { label, x: images, y: images.map(() => above(value)), colour, look: "dashed" };
  };
  const lines: Line[] = [{ label: "KD", x: images, y: kd.map(above), colour: 0, band: [end(-1), end(1)] }];
  const baseline = pca.findLast((value) => value !== null);
  if (baseline != null) lines.push(level(t("curves.pca"), baseline, 4));
  if (floor !== null) lines.push(level(t("curves.floor"), floor, 2));
  return lines;
}
