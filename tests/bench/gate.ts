/**
 * How quiet the gate is: sessions of the same engine, started anew each time, are judged in all pairs and
 * both ways; so are sessions of one that may batch no requests, against each of those.
 *
 * Sessions that the folder has already are not recorded again.
 * `deno run -A tests/bench/gate.ts [RUNS] [SLOW] [FOLDER]`
 *
 * @module
 */

import { gateBundles, type GateDocument } from "../../kit/compare/gate.ts";
import { readCompared } from "../../kit/compare/read_bundle.ts";
import { defaultRules } from "../../kit/compare/rules.ts";
import { moved } from "../../kit/compare/words.ts";
import type { FileSystem } from "../../kit/contract/context.ts";
import { isThere } from "../../kit/contract/is_there.ts";
import { say } from "../dev/run.ts";
import { recordSession } from "../e2e/recorded_session.ts";

const ROUNDS = 16;
const CONFIDENCE = 0.95;
const SHOWN = ["throughput.tokens_per_s", "requests.e2e_ms.p50", "steps.decode_ms.p50"];

const [runs, slow] = [Number(Deno.args[0] ?? 5), Number(Deno.args[1] ?? 2)];
const folder = Deno.args[2] ?? await Deno.makeTempDir({ prefix: "vscope-bench-" });

async function session(name: string, engine: Record<string, unknown>) {
  const dir = `${folder}/${name}`;
  const there = await isThere(Deno, `${dir}/bundle.json`);
  if (!there) await recordSession(dir, ROUNDS, engine);
  return await readCompared(Deno as unknown as FileSystem, dir);
}

type Session = Awaited<ReturnType<typeof session>>;

async function verdict(base: readonly Session[], fresh: readonly Session[]): Promise<boolean> {
  const gate: GateDocument = await gateBundles(
    base,
    fresh,
    defaultRules("session"),
    CONFIDENCE,
  );
  const names = [base, fresh].map((side) =>
    side.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)).join(" ")
  );
  const shown = SHOWN.map((metric) => {
    const found = gate.judged.find((one) => one.metric === metric)!;
    const interval = found.interval?.map((end) => moved(end, found)).join(" to ") ?? "not known";
    return `${moved(found.change, found)} (${interval})`;
  });
  const worse = gate.judged.filter(({ verdict }) => verdict === "regression").length;
  await say(`| ${[...names, ...shown, worse].join(" | ")} |`);
  return gate.passed;
}

const head = `| base | new | ${SHOWN.join(" | ")} | regressions |\n|${"---|".repeat(6)}`;
const base: Session[] = [];
for (let n = 1; n <= runs; n++) base.push(await session(`base-${n}`, {}));
const slowed: Session[] = [];
for (let n = 1; n <= slow; n++) slowed.push(await session(`one-${n}`, { max_num_seqs: 1 }));

await say("Figures:\n");
await say(`| session | ${SHOWN.join(" | ")} |\n|${"---|".repeat(4)}`);
for (const { path, figures } of [...base, ...slowed]) {
  const values = SHOWN.map((metric) =>
    figures.find((one) => one.metric === metric)!.value.toPrecision(4)
  );
  await say(`| ${path.slice(path.lastIndexOf("/") + 1)} | ${values.join(" | ")} |`);
}

await say(`\nThe same again, one run a side:\n\n${head}`);
let [quiet, pairs] = [0, 0];
for (const [place, one] of base.entries()) {
  for (const other of base.slice(place + 1)) {
    for (const [first, second] of [[one, other], [other, one]] as const) {
      if (await verdict([first], [second])) quiet++;
      pairs++;
    }
  }
}
await say(`\nSlowed on purpose, one run a side:\n\n${head}`);
let [caught, tried] = [0, 0];
for (const other of slowed) {
  for (const one of base) {
    if (!await verdict([one], [other])) caught++;
    tried++;
  }
}
const half = Math.floor(runs / 2);
if (half >= 2) {
  await say(`\nRepeats:\n\n${head}`);
  await verdict(base.slice(0, half), base.slice(half));
  if (slowed.length > 0) await verdict(base, slowed);
}
await say(`\nQuiet in ${quiet} of ${pairs} pairs; the slowdown is caught in ${caught} of ${tried}`);
if (Deno.args[2] === undefined) await Deno.remove(folder, { recursive: true });
