/**
 * `vscope --help` against a Deno program that prints one line, in turn.
 *
 * @module
 */

import { ROOT, say } from "../dev/run.ts";

const RUNS = 30;

const hello = await Deno.makeTempFile({ suffix: ".ts" });
await Deno.writeTextFile(hello, 'console.log("hello");\n');

async function milliseconds(main: string, args: string[]): Promise<number> {
  const start = performance.now();
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", main, ...args],
    stdout: "null",
    stderr: "null",
  }).output();
  if (code !== 0) throw new Error(`${main} ended with ${code}`);
  return performance.now() - start;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const times: Record<"help" | "hello", number[]> = { help: [], hello: [] };
for (let run = -2; run < RUNS; run++) {
  const help = await milliseconds(`${ROOT}/cli.ts`, ["--help"]);
  const plain = await milliseconds(hello, []);
  // The first two fill caches.
  if (run < 0) continue;
  times.help.push(help);
  times.hello.push(plain);
}
await Deno.remove(hello);
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
