/**
 * What a file of vscope is made from: all code and packages as a few modules, licences, the list of parts.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type Parts, PARTS_NAME } from "../../kit/engine/unpacked_parts.ts";
import { ROOT, run } from "./run.ts";
import { notices, packages } from "./third_party.ts";

/** Where our code begins, in every file that is built. */
export const MAIN = "cli.js";

/** Puts everything but the runtime into a folder, which is made anew; returns the exit code. */
export async function makeStage(stage: string): Promise<number> {
  await Deno.remove(stage, { recursive: true }).catch(() => {});
  await Deno.mkdir(stage, { recursive: true });
  // In pieces: what a command does not use is not even read.
  const code = await run([
    ...["bundle", "--quiet", "--platform", "deno", "--code-splitting", "--outdir", stage],
    "cli.ts",
  ]);
  if (code !== 0) return code;
  await Deno.copyFile(`${ROOT}/LICENSE`, `${stage}/LICENSE`);
  await Deno.writeTextFile(`${stage}/THIRD-PARTY.txt`, notices(await packages()));
  return 0;
}

/** Writes down what the stage holds, for `--version` and `vscope self-check`. */
export async function writeParts(stage: string, kind: string): Promise<void> {
  const sha256: Record<string, string> = {};
  const names = (await Array.fromAsync(Deno.readDir(stage))).map(({ name }) => name).sort();
  for (const name of names) sha256[name] = await hashOf(`${stage}/${name}`);
  const parts: Parts = { kind, deno: Deno.version.deno, sha256 };
  await Deno.writeTextFile(`${stage}/${PARTS_NAME}`, JSON.stringify(parts, null, 2));
}

/** SHA-256 of a file, hexadecimal. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const block of createReadStream(path)) hash.update(block);
  return hash.digest("hex");
}
