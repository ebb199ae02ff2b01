/** Random numbers that a seed determines. */

import { randomOf } from "../kit/engine/server/requests.ts";

/** Numbers of the normal distribution (Box and Muller), made of uniform ones. */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Normal numbers that are the same for the same seed. */
export function normals(seed: number): () => number {
  const random = randomOf(seed);
  return () => normal(random);
}
