/** Bundles that somebody made to script the page: every text in them is markup. */

import { analyzeCapture } from "../../kit/analysis/capture/analyze.ts";
import { ANALYSIS_NAME } from "../../kit/analysis/capture/stored.ts";
import { rawPage } from "../analysis/ncu/table.ts";
import { writeExport } from "../analysis/nsys/made.ts";

/** Ways out of a text, an attribute, a script and a style; each would set `pwned`. */
export const PAYLOADS = [
  `</script><script>globalThis.pwned=1</script>`,
  `"><img src=x onerror="globalThis.pwned=1">`,
  `'><svg onload=globalThis.pwned=1>`,
  `</style><script>globalThis.pwned=1</script>`,
  `javascript:globalThis.pwned=1`,
  "${globalThis.pwned=1}`",
];

/** Words by which the reader knows what it reads; they are not for showing. */
const STRUCTURE =
  /^(schema|status|recipe|kind|path|event|role|severity|phase|category|started_at|ended_at|start_time|name)$/;

let turn = 0;
const hostile = (text: string) => `${text}${PAYLOADS[turn++ % PAYLOADS.length]}`;

function poisoned(value: unknown, key = ""): unknown {
  if (typeof value === "string") return STRUCTURE.test(key) ? value : hostile(value);
  if (Array.isArray(value)) return value.map((one) => poisoned(one, key));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, poisoned(one, name)]);
  return Object.fromEntries(entries);
}

/** A table whose words have become markup; numbers, headers and what a row is known by stay. */
function poisonedCsv(text: string): string {
  const [header = "", ...lines] = text.split("\n");
  const names = header.split(",");
  const rows = lines.map((line) =>
    line.split(",").map((cell, place) =>
      cell === "" || !Number.isNaN(Number(cell)) || line.includes('"') ||
        STRUCTURE.test(names[place] ?? "")
        ? cell
        : `"${hostile(cell).replaceAll('"', '""')}"`
    ).join(",")
  );
  return [header, ...rows].join("\n");
}

/** Copies a bundle, with every text in it poisoned. */
export async function poison(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isDirectory) await poison(source, target);
    else if (name.endsWith(".json")) {
      const document = JSON.parse(await Deno.readTextFile(source));
      await Deno.writeTextFile(target, JSON.stringify(poisoned(document)));
    } else if (name.endsWith(".csv")) {
      await Deno.writeTextFile(target, poisonedCsv(await Deno.readTextFile(source)));
    } else if (name !== "report.html") {
      await Deno.copyFile(source, target);
    }
  }
}

/** Bundles of what tools recorded, by recipe: kernels, calls, ranges and what a server said are markup. */
export const CAPTURES: Readonly<Record<string, (dir: string) => Promise<void>>> = {
  async torch(dir) {
    const events = PAYLOADS.flatMap((name, n) => {
      const [ts, args] = [1000 * n, { device: 0, stream: 7, correlation: n }];
      return [
        { ph: "X", cat: "user_annotation", name, pid: 9, tid: 1, ts, dur: 900, args: {} },
        { ph: "X", cat: "cuda_runtime", name, pid: 9, tid: 1, ts: ts + 10, dur: 5, args },
        { ph: "X", cat: "kernel", name, pid: 0, tid: 7, ts: ts + 20, dur: 400, args },
      ];
    });
    const trace = `${dir}/rank0.pt.trace.json`;
    await Deno.writeTextFile(trace, JSON.stringify({ schemaVersion: 1, traceEvents: events }));
    const analysis = await analyzeCapture(Deno, [trace]);
    await Deno.writeTextFile(`${dir}/${ANALYSIS_NAME}`, JSON.stringify(analysis));
    await writeManifest(dir, "torch", {
      capture: poisoned({
        load: "what the server said",
        window: { ended: "the load was answered", max_iterations: 0 },
        traces: [{ role: "rank", rank: 0, bytes: 9, whole: false }],
      }),
    });
  },
  async nsys(dir) {
    writeExport(
      `${dir}/rep.sqlite`,
      PAYLOADS.flatMap((name, n) =>
        (["kernel", "call", "range"] as const).map((kind) => ({
          ...{ kind, name, start: 100 * n, duration: 50 },
        }))
      ),
    );
    await writeManifest(dir, "nsys", { artifacts: [{ path: "rep.sqlite", bytes: 1, sha256: "" }] });
  },
  async ncu(dir) {
    const figures = { "gpu__time_duration.sum": ["us", "100.00"] } as const;
    const table = rawPage(PAYLOADS.map((name) => ({ name, figures })));
    await Deno.writeTextFile(`${dir}/rep.raw.csv`, table);
    const analysis = await analyzeCapture(Deno, [`${dir}/rep.raw.csv`]);
    await Deno.writeTextFile(`${dir}/${ANALYSIS_NAME}`, JSON.stringify(analysis));
    await writeManifest(dir, "ncu", {});
  },
};

async function writeManifest(dir: string, recipe: string, more: object): Promise<void> {
  const manifest = {
    ...{ schema_version: 1, recipe, status: "complete", started_at: "2026-01-02T03:04:05.000Z" },
    ...poisoned({ notes: [{ severity: "warning", message: "vLLM said" }] }) as object,
    ...more,
  };
  await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(manifest));
}
