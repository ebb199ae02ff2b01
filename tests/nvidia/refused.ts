/** What a recipe of a tool that is not there, or of a program that is not, says. */

import assert from "node:assert/strict";
import { namesIn } from "../folders.ts";
import type { ToolMachine } from "./tool_machine.ts";

/** Nothing may be started without the tool and the program. `absent`: how to get the tool. */
export async function assertRefused<Capture>(
  machine: ToolMachine<Capture>,
  tool: string,
  absent: RegExp,
): Promise<void> {
  const named = await machine.run([`--${tool}`, `/nowhere/${tool}`, "--", ...machine.serve]);
  assert.equal(named.code, 2);
  assert.match(
    named.json.error!.message,
    new RegExp(`--${tool} is "/nowhere/${tool}".*no such program`),
  );
  const program = await machine.run(["--", "vlm", "serve", "M"]);
  assert.equal(program.code, 2);
  assert.match(program.json.error!.message, /there is no program "vlm"/);
  await Deno.remove(`${machine.dir}/${tool}/bin/${tool}`);
  const none = await machine.run(["--", ...machine.serve]);
  assert.equal(none.code, 2);
  assert.match(none.json.error!.message, absent);
  assert.deepEqual((await namesIn(machine.dir)).filter((name) => name === "run"), []);
}
