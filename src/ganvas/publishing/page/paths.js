// Ways through latent space: from latent to latent, and closed random curves. The same as ganvas/formats/paths.py.

const CIRCLE_POINTS = 256;
const LEAST_SHARE = 1e-6;

export const EASES = {
  smooth: (share) => share * share * (3 - 2 * share),
  linear: (share) => share,
  hold: (share) => (share < 1 ? 0 : 1),
};

/** Between two latents along the great circle, lengths going evenly; `share` 0 is the first, 1 the second. */
export function between(first, second, share) {
  const length = (z) => Math.max(Math.hypot(...z), 1e-12);
  const [a, b] = [length(first), length(second)];
  const cosine = first.reduce((sum, each, at) => sum + (each / a) * (second[at] / b), 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const whole = Math.sin(angle);
  const [left, right] =
    whole < 1e-6 ? [1 - share, share] : [Math.sin((1 - share) * angle) / whole, Math.sin(share * angle) / whole];
  const reach = (1 - share) * a + share * b;
  return first.map((each, at) => ((left * each) / a + (right * second[at]) / b) * reach);
}

/**
 * The latent at `time` of a tour that visits every stop and returns to the first.
 * `seconds`, `eases`: of the way from each stop to the next.
 */
export function along(stops, seconds, eases, time) {
  const { leg, share } = legAt(seconds, eases, time);
  return between(stops[leg], stops[(leg + 1) % stops.length], share);
}

/** The number of the stop whose class is drawn: from half of a way on, that which is gone to. */
export function nearestStop(seconds, eases, time) {
  const { leg, share } = legAt(seconds, eases, time);
  return share < 0.5 ? leg : (leg + 1) % seconds.length;
}

/** The number of the stop that is left at `time`, and the eased share of the way to the next. */
function legAt(seconds, eases, time) {
  const whole = seconds.reduce((sum, each) => sum + each, 0);
  let left = ((time % whole) + whole) % whole;
  let leg = 0;
  while (leg < seconds.length - 1 && left >= seconds[leg]) left -= seconds[leg++];
  return { leg, share: EASES[eases[leg]](Math.min(left / seconds[leg], 1)) };
}

/** The weights of the constant and of each harmonic of a noise loop, whose squares add up to 1. */
export function harmonics(radius) {
  const angles = Array.from({ length: CIRCLE_POINTS }, (_, at) => (2 * Math.PI * at) / CIRCLE_POINTS);
  const curve = angles.map((angle) => Math.exp(radius ** 2 * (Math.cos(angle) - 1)));
  const variances = Array.from({ length: CIRCLE_POINTS / 2 }, (_, number) => {
    const sum = curve.reduce((total, each, at) => total + each * Math.cos(number * angles[at]), 0);
    return Math.max(((number ? 2 : 1) * sum) / CIRCLE_POINTS, 0);
  });
  const last = variances.findLastIndex((each) => each >= LEAST_SHARE);
  const kept = variances.slice(0, Math.max(last + 1, 1));
  const whole = kept.reduce((sum, each) => sum + each, 0);
  return kept.map((each) => Math.sqrt(each / whole));
}

/**
 * The latent at a share of a closed random curve, N(0, I) at every moment if `latents` are: the constant, then a cosine
 * and a sine for each harmonic.
 */
export function noiseLoop(latents, weights, share) {
  const z = latents[0].map((each) => weights[0] * each);
  for (let number = 1; number < weights.length; number += 1) {
    const angle = 2 * Math.PI * share * number;
    const [cosine, sine] = [weights[number] * Math.cos(angle), weights[number] * Math.sin(angle)];
    for (let at = 0; at < z.length; at += 1) {
      z[at] += cosine * latents[2 * number - 1][at] + sine * latents[2 * number][at];
    }
  }
  return z;
}
