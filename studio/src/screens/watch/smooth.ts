/** Smoothing of curves, as people know it from other tools: a running mean that is right from its first value on. */

/** Exponential moving average. weight: 0 (none) to below 1. Gaps stay gaps. */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  let sum = 0;
  let mass = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight); // what the weights so far sum up to
    return sum / mass;
  });
}
