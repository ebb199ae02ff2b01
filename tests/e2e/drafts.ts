/** Drafts of architectures by the real CPU vLLM, and what of them can be compared. */

import assert from "node:assert/strict";
import { loadYaml } from "../../kit/deps.ts";
import { type findArchitecture, parseArchitecture } from "../../kit/sweep/model/architecture.ts";
import { vscope } from "../cli.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

/** What a draft must be equal in; classes that other configs of a family have are not seen in one model. */
export function essence(
  { catalog, sequence, tpEmulation }: Awaited<ReturnType<typeof findArchitecture>>,
) {
  const stable = Object.values(catalog).flatMap((table) =>
    Object.entries(table).map(([name, { tpStable, together }]) => [name, tpStable, together])
  );
  return { sequence, tpEmulation, stable: stable.toSorted() };
}

/** What `sweep --draft-architecture` prints of a model. */
export async function draft(model: string, cwd: string, args: string[] = []) {
  const { python } = await engine();
  const ran = await vscope(
    ["sweep", "--draft-architecture", "--model", model, "--python", python, ...args],
    { cwd, env: OFFLINE_ENV },
  );
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}

/** A draft, read as an architecture is. */
export async function parsed(type: string, yaml: string) {
  return parseArchitecture(type, yaml, (await loadYaml()).load(yaml));
}
