/** Curves of several runs over each other: one colour for each run. */

import type { RunDetail } from "../../api/types";
import type { Line } from "../../parts";
import { rowsWith } from "../../state/columns";
import { smoothed } from "../watch/smooth";

export interface Overlay {
  id: (typeof CURVES)[number];
  lines: Line[];
  isLog: boolean;
}

const CURVES = ["kd", "precision", "recall", "generator_loss", "discriminator_loss"] as const;
const SMOOTHED = ["generator_loss", "discriminator_loss"];
const WEIGHT = 0.95; // raw losses of several runs over each other are noise
const LEAST_KD = 1e-5;
export const COLOURS = 6;

export function overlays(runs: readonly RunDetail[], axis: "images" | "seconds"): Overlay[] {
  return CURVES
    .map((id) => ({ id, isLog: id === "kd", lines: runs.flatMap((run, index) => lineOf(run, id, index % COLOURS, axis)) }))
    .filter(({ lines }) => lines.length > 0);
}

function lineOf(run: RunDetail, id: Overlay["id"], colour: number, axis: "images" | "seconds"): Line[] {
  const [, values = [], x = [], error = []] = rowsWith(run.columns, [id === "kd" ? "kernel_distance" : id, axis, "kernel_distance_error"]);
  if (values.length === 0) return [];
  const line: Line = { label: run.name, x: x.map((value) => value ?? 0), y: values, colour };
  if (SMOOTHED.includes(id)) return [{ ...line, y: smoothed(values, WEIGHT) }];
  if (id !== "kd") return [line];
  const above = (value: number | null) => (value === null ? null : Math.max(value, LEAST_KD));
  const end = (sign: number) => values.map((value, index) => above(value === null ? null : value + sign * 2 * (error[index] ?? 0)));
  return [{ ...line, y: values.map(above), band: [end(-1), end(1)] }];
}
