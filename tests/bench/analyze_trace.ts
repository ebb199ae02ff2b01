/**
 * `vscope analyze` of a large torch trace beside HolisticTraceAnalysis 0.5, which parses it.
 *
 * `./dev bench analyze_trace` makes a trace of a million events out of a recording (see
 * torch/multiply.ts; TRACE_SEED names one, the recording in torch/ otherwise), lets both read it in
 * turn, and checks every table of ours against a direct count by Python. TRACE_EVENTS and RUNS change
 * the size and the number of turns. Needs Python 3.10 or later with venv, and a network at first.
 *
 * @module
 */

import { ROOT, say } from "../dev/run.ts";
import { multiply } from "./torch/multiply.ts";
import { hta } from "./torch/hta.ts";
import { peakOf } from "./torch/peak.ts";

const events = Number(Deno.env.get("TRACE_EVENTS") ?? 1_000_000);
const runs = Number(Deno.env.get("RUNS") ?? 3);
const seed = Deno.env.get("TRACE_SEED") ?? `${ROOT}/tests/bench/torch/seed.json.gz`;
const folder = await Deno.makeTempDir({ prefix: "vscope-bench-" });

const mb = (bytes: number) => (bytes / 1e6).toFixed(0);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

try {
  const python = await hta();
  const path = `${folder}/rank0.pt.trace.json`;
  const made = await multiply(seed, events, path);
  await say(
    `${made.events.toLocaleString("en")} events, ${mb(made.bytes)} MB, ${made.copies} copies of ` +
      `${seed.replace(`${ROOT}/`, "")}\n`,
  );
  const ours = (
    trace: string,
  ) => [
    Deno.execPath(),
    "run",
    "-A",
    "--quiet",
    `${ROOT}/cli.ts`,
    "analyze",
    trace,
    "--json",
    "--quiet",
  ];
  const theirs = [python, `${ROOT}/tests/bench/torch/parse_with_hta.py`, path];
  const rows: { vscope: Awaited<ReturnType<typeof peakOf>>; hta: typeof rows[number]["vscope"] }[] =
    [];
  await say("| run | vscope s | CPU s | MB | HTA s | CPU s | MB | times faster | of the memory |");
  await say("|---|---|---|---|---|---|---|---|---|");
  for (let run = 1; run <= runs; run++) {
    const vscope = await peakOf(ours(path), `${folder}/analysis.json`);
    const hta = await peakOf(theirs, `${folder}/hta.txt`);
    rows.push({ vscope, hta });
    const figures = [vscope, hta].flatMap(({ seconds, cpuSeconds, bytes }) => [
      seconds.toFixed(2),
      cpuSeconds.toFixed(2),
      mb(bytes),
    ]);
    await say(
      `| ${run} | ${figures.join(" | ")} | ${(hta.seconds / vscope.seconds).toFixed(1)} | 1/${
        (hta.bytes / vscope.bytes).toFixed(1)
      } |`,
    );
  }
  const faster = median(rows.map(({ vscope, hta }) => hta.seconds / vscope.seconds));
  const cpu = median(rows.map(({ vscope, hta }) => hta.cpuSeconds / vscope.cpuSeconds));
  const smaller = median(rows.map(({ vscope, hta }) => hta.bytes / vscope.bytes));
  await say(
    `\nMedians: ${faster.toFixed(1)} times faster (target 8; ${cpu.toFixed(1)} times less CPU ` +
      `time), 1/${smaller.toFixed(1)} of the memory (target 1/6)`,
  );
  const check = await new Deno.Command(python, {
    args: [`${ROOT}/tests/bench/torch/count_directly.py`, path, `${folder}/analysis.json`],
    stdout: "piped",
  }).output();
  await say(`\nDirect count by Python:\n${new TextDecoder().decode(check.stdout).trim()}`);
  if (check.code !== 0) throw new Error("The tables differ from the direct count");

  await say(
    "\n| events | MB | vscope s | CPU s | MB | µs CPU an event |\n|---|---|---|---|---|---|",
  );
  for (const factor of [1, 3, 10]) {
    const large = factor === 1 ? made : await multiply(seed, factor * events, path);
    const { seconds, cpuSeconds, bytes } = await peakOf(ours(path), `${folder}/analysis.json`);
    await say(
      `| ${large.events} | ${mb(large.bytes)} | ${seconds.toFixed(2)} | ${cpuSeconds.toFixed(2)} ` +
        `| ${mb(bytes)} | ${(1e6 * cpuSeconds / large.events).toFixed(2)} |`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
