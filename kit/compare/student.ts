/**
 * Student's distribution.
 *
 * @module
 */

/** Degrees of freedom above which the distribution is taken as that of so many. */
const MOST_FREEDOM = 2000;

/**
 * The t that |T| stays below with a probability of `confidence` (above 0, below 1).
 *
 * @param freedom Degrees of freedom, at least 1; rounded down, so that an interval is rather wide.
 */
export function studentQuantile(confidence: number, freedom: number): number {
  const whole = Math.max(1, Math.min(MOST_FREEDOM, Math.floor(freedom)));
  let [low, high] = [0, 1];
  while (within(high, whole) < confidence && high < 1e12) high *= 2;
  for (let step = 0; step < 100 && high - low > 1e-12 * high; step++) {
    const middle = (low + high) / 2;
    if (within(middle, whole) < confidence) low = middle;
    else high = middle;
  }
  return high;
}

/** P(|T| < t): the finite series for whole degrees of freedom (Abramowitz and Stegun 26.7.3, 26.7.4). */
function within(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= cosine ** 2 * (k - 1) / k;
    sum += term;
  }
  return odd ? 2 / Math.PI * (angle + sine * sum) : sine * sum;
}
