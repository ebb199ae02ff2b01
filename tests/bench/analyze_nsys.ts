/**
 * `vscope analyze` of a large nsys export beside `nsys stats`, which summarizes it.
 *
 * `./dev bench analyze_nsys` makes an export of two million kernels out of a recording (see
 * nsys/multiply.ts; NSYS_SEED names one, the recording of the tests otherwise). Both read it in turn:
 * vscope makes every table, nsys the summaries of kernels and NVTX ranges alone. Then every kernel of
 * ours is compared with nsys' table, and sizes up to twice as large show how time and memory grow.
 * NSYS_KERNELS and RUNS change the size and the number of turns; NSYS names the nsys, VSCOPE a built
 * vscope to be measured instead of this checkout. Without an nsys its half is left out.
 *
 * @module
 */

import { loadCsv } from "../../kit/deps.ts";
import { ROOT, say } from "../dev/run.ts";
import { multiply } from "./nsys/multiply.ts";
import { peakOf } from "./torch/peak.ts";

const kernels = Number(Deno.env.get("NSYS_KERNELS") ?? 2_000_000);
const runs = Number(Deno.env.get("RUNS") ?? 3);
const seed = Deno.env.get("NSYS_SEED") ??
  `${ROOT}/tests/analysis/nsys/fixtures/dense-graphs.sqlite.gz`;
const nsys = Deno.env.get("NSYS") ?? "nsys";
const folder = await Deno.makeTempDir({ prefix: "vscope-bench-" });

const mb = (bytes: number) => (bytes / 1e6).toFixed(0);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

function ours(path: string): string[] {
  const built = Deno.env.get("VSCOPE");
  const vscope = built === undefined
    ? [Deno.execPath(), "run", "-A", "--quiet", `${ROOT}/cli.ts`]
    : [built];
  return [...vscope, "analyze", path, "--json", "--quiet"];
}

async function nsysVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(nsys, { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return undefined;
  }
}

try {
  const path = `${folder}/rep.sqlite`;
  const made = await multiply(seed, kernels, path);
  await say(
    `${made.kernels.toLocaleString("en")} kernels, ${made.calls.toLocaleString("en")} calls, ` +
      `${made.ranges.toLocaleString("en")} ranges, ${
        mb(made.bytes)
      } MB: ${made.copies} copies of ` +
      `${seed.replace(`${ROOT}/`, "")}`,
  );
  const version = await nsysVersion();
  await say(version === undefined ? "No nsys was found\n" : `${version}\n`);
  const theirs = [
    ...[nsys, "stats", "--force-export=false", "--format", "csv"],
    ...["--report", "cuda_gpu_kern_sum", "--report", "nvtx_sum", path],
  ];
  const rows: {
    vscope: Awaited<ReturnType<typeof peakOf>>;
    nsys?: typeof rows[number]["vscope"];
  }[] = [];
  await say("| run | vscope s | CPU s | MB | nsys stats s | CPU s | MB |");
  await say("|---|---|---|---|---|---|---|");
  for (let run = 1; run <= runs; run++) {
    const vscope = await peakOf(ours(path), `${folder}/analysis.json`);
    const row = {
      vscope,
      ...(version === undefined ? {} : { nsys: await peakOf(theirs, `${folder}/stats.csv`) }),
    };
    rows.push(row);
    const figures = [row.vscope, row.nsys].flatMap((one) =>
      one ? [one.seconds.toFixed(2), one.cpuSeconds.toFixed(2), mb(one.bytes)] : ["", "", ""]
    );
    await say(`| ${run} | ${figures.join(" | ")} |`);
  }
  const seconds = median(rows.map(({ vscope }) => vscope.seconds));
  await say(
    `\nMedians: vscope ${seconds.toFixed(2)} s, at most ` +
      `${mb(Math.max(...rows.map(({ vscope }) => vscope.bytes)))} MB (target 400)`,
  );
  if (version !== undefined) {
    const other = median(rows.map(({ nsys }) => nsys!.seconds));
    await say(
      `nsys stats ${other.toFixed(2)} s: vscope takes ${(seconds / other).toFixed(2)} of it`,
    );
    await say(await compare(`${folder}/analysis.json`, `${folder}/stats.csv`));
  }

  await say(
    "\n| kernels | MB | vscope s | CPU s | MB | µs CPU a kernel |\n|---|---|---|---|---|---|",
  );
  for (const factor of [0.25, 0.5, 1, 2]) {
    const large = factor === 1 ? made : await multiply(seed, factor * kernels, `${path}.part`);
    const file = factor === 1 ? path : `${path}.part`;
    const { seconds, cpuSeconds, bytes } = await peakOf(ours(file), `${folder}/analysis.json`);
    await say(
      `| ${large.kernels} | ${mb(large.bytes)} | ${seconds.toFixed(2)} | ${
        cpuSeconds.toFixed(2)
      } | ` +
        `${mb(bytes)} | ${(1e6 * cpuSeconds / large.kernels).toFixed(2)} |`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Every kernel's figures against those of nsys, which prints one decimal. */
async function compare(analysis: string, stats: string): Promise<string> {
  const { kernels } = JSON.parse(await Deno.readTextFile(analysis)) as {
    kernels: Record<string, number | string>[];
  };
  const text = await Deno.readTextFile(stats);
  const table = text.slice(text.indexOf("Time (%)")).split(/\n\s*\n/)[0]!;
  const { data: [head, ...rows] } = (await loadCsv()).parse(table, {
    delimiter: ",",
    skipEmptyLines: true,
  });
  const columns = {
    "Total Time (ns)": "total_ns",
    "Instances": "count",
    "Avg (ns)": "avg_ns",
    "Med (ns)": "median_ns",
    "Min (ns)": "min_ns",
    "Max (ns)": "max_ns",
    "StdDev (ns)": "stddev_ns",
  };
  const byName = new Map(kernels.map((row) => [row["name"], row]));
  let different = Math.abs(rows.length - kernels.length);
  for (const row of rows) {
    const own = byName.get(row[head!.indexOf("Name")]!);
    for (const [title, key] of Object.entries(columns)) {
      const value = Number(row[head!.indexOf(title)]);
      if (!own || Math.abs(Number(own[key]) - value) > 0.0501) different++;
    }
  }
  if (different > 0) throw new Error(`${different} figures differ from those of nsys stats`);
  return `All seven figures of ${rows.length} kernels are those of nsys stats`;
}
