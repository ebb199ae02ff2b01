/**
 * `vscope --help`, from a clone and as the single file, against a Deno program that prints one line,
 * in turn; and the size of the single file. `help` is Deno as the launcher of a clone starts it,
 * `clone` that launcher.
 *
 * @module
 */

import { build } from "../dev/build.ts";
import { ROOT, say } from "../dev/run.ts";

const RUNS = 30;

const hello = await Deno.makeTempFile({ suffix: ".ts" });
await Deno.writeTextFile(hello, 'console.log("hello");\n');

async function milliseconds(main: string, args: string[]): Promise<number> {
  const lazily = "--unstable-lazy-dynamic-imports";
  return await timed(Deno.execPath(), ["run", "--quiet", "-A", lazily, main, ...args]);
}

async function timed(program: string, args: string[], env = {}): Promise<number> {
  const start = performance.now();
  const { code } = await new Deno.Command(program, { args, env, stdout: "null", stderr: "null" })
    .output();
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
  return performance.now() - start;
}

if (await build() !== 0) throw new Error("the single file could not be built");
const single = `${ROOT}/dist/vscope`;
const cache = await Deno.makeTempDir();
const env = { VSCOPE_CACHE_DIR: cache };
const unpacking = await timed(single, ["--help"], env);

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const times: Record<"help" | "clone" | "single" | "hello", number[]> = {
  ...{ help: [], clone: [], single: [], hello: [] },
};
for (let run = -2; run < RUNS; run++) {
  const help = await milliseconds(`${ROOT}/cli.ts`, ["--help"]);
  const clone = await timed(`${ROOT}/vscope`, ["--help"]);
  const one = await timed(single, ["--help"], env);
  const plain = await milliseconds(hello, []);
  // The first two fill caches.
  if (run < 0) continue;
  times.help.push(help);
  times.clone.push(clone);
  times.single.push(one);
  times.hello.push(plain);
}
await Deno.remove(hello);
await Deno.remove(cache, { recursive: true });
await say("| program | median ms | least ms | most ms |\n|---|---|---|---|");
for (const [name, values] of Object.entries(times)) {
  const figures = [median(values), Math.min(...values), Math.max(...values)];
  await say(`| ${name} | ${figures.map((value) => value.toFixed(1)).join(" | ")} |`);
}
const [help, plain] = [median(times.help), median(times.hello)];
await say(
  `\nvscope --help takes ${(help / plain).toFixed(2)} times a hello world, ${
    (help - plain).toFixed(1)
  } ms more ` +
    `(medians of ${RUNS} runs in turn)`,
);
await say(
  `\nThe single file has ${
    ((await Deno.stat(single)).size / 1e6).toFixed(1)
  } MB; its first run, which ` +
    `unpacks it, took ${unpacking.toFixed(0)} ms`,
);
