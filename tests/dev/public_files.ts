/**
 * The files whose documentation is held to be complete: the API, and every recipe.
 *
 * @module
 */

import { recipes } from "../../recipes/registry.ts";

/** Their paths in the checkout. */
export function publicFiles(): string[] {
  const names = recipes.map(({ name }) => `recipes/${name.replaceAll("-", "_")}.ts`);
  return ["mod.ts", "recipes/registry.ts", ...names];
}
