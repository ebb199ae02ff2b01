/**
 * docs/versions.md, from what the probe found and what came of the hooks in real runs.
 *
 * @module
 */

import type { Ran } from "../versions/ran.ts";

/** What the probe says of one hook. */
export interface ProbedHook {
  /** The profiler's name, as in a bundle's list of hooks. */
  readonly profiler: string;
  readonly module: string;
  readonly path: string;
  /** Parameters that the hook reads. */
  readonly needs: readonly string[];
  readonly status: "attached" | "absent" | "unknown";
  /** Why it is not attached. */
  readonly reason?: string;
}

/** What the probe says of one vLLM. */
export interface Probed {
  /** The distribution's name. */
  readonly package: string;
  readonly version: string;
  readonly hooks: readonly ProbedHook[];
  /** Methods that override a watched one without calling it, and are not watched. */
  readonly overrides: readonly string[];
}

const SIGNS = { attached: "✓", absent: "–", unknown: "?" };

/** Signs of what a real run told. */
const RAN_SIGNS = { attached: "**●**", absent: "–", failed: "**✗**" };

/** A row of the table: what one profiler's hooks on one symbol came to, version by version. */
interface Row {
  profiler: string;
  symbol: string;
  cells: ProbedHook[];
}

/** The page. */
export function versionsPage(
  probed: readonly Probed[],
  ran: readonly Ran[],
  date: string,
): string {
  const rows = rowsOf(probed);
  const packages = [...new Set(probed.map((one) => `\`${one.package}\``))].join(", ");
  return `# Hooks and versions of vLLM

Which hooks fit which vLLM. What came of a hook in a run of yours stands in its \`bundle.json\`.

## Run

On these versions a real engine answered requests with the hooks in it. The runs on a CPU are written
by \`./dev versions --run\` into \`tests/versions/ran.json\`, and only when every check held; those on a
GPU, which no test of this suite can repeat, were entered from their raw output and their bundles. A
hook that bears no ● below lies in a module that the run did not load.

${runs(ran)}

## Symbols

Made by \`./dev versions\` on ${date} from the wheels ${packages} of PyPI. **●** attached in a real run
of that version (**✗** it failed there). All other signs are a **symbol probe only**: the method is
there (✓) with the parameters that the hook reads, or it is not (–); ? is a method that vLLM's Python
alone does not tell. Whether the numbers are right is known only of the versions that ran.

${table(probed, ran, rows)}

## Not attached

${misses(probed, rows)}

## Overridden

Methods of a subclass that hide a watched one, do not call it, and are not watched themselves: on such
an engine the hook would see nothing.

${overrides(probed)}
`;
}

/** A table of the runs, and below it what was checked. */
function runs(ran: readonly Ran[]): string {
  if (ran.length === 0) return "None.";
  const head = ["vLLM", "On", "Day", "Python, torch", "Hooks attached", "Absent", "Run by"];
  const lines = [
    head,
    head.map((_, place) => place === 4 || place === 5 ? "--:" : "---"),
    ...ran.map((run) => [
      run.vllm,
      run.on,
      run.date,
      `${run.python}, ${run.torch}`,
      String(count(run, "attached")),
      String(count(run, "absent")),
      run.by,
    ]),
  ];
  const told = ran.map((run) => {
    const absent = run.hooks.filter(({ status }) => status !== "attached");
    return [
      `vLLM ${run.vllm} (${run.on}):`,
      "",
      ...run.checks.map((check) => `- ${check}`),
      ...absent.map((hook) => `- ${hook.status}: ${hook.name} \`${hook.symbol}\`: ${hook.reason}`),
    ].join("\n");
  });
  return [lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n"), ...told].join("\n\n");
}

function count(run: Ran, status: string): number {
  return run.hooks.filter((hook) => hook.status === status).length;
}

function overrides(probed: readonly Probed[]): string {
  const versions = new Map<string, string[]>();
  for (const { version, overrides } of probed) {
    for (const symbol of overrides) {
      versions.set(symbol, [...versions.get(symbol) ?? [], version]);
    }
  }
  const lines = [...versions].map(([symbol, found]) => `- ${found.join(", ")}: \`${symbol}\``);
  return lines.length > 0 ? lines.join("\n") : "None in these versions.";
}

function rowsOf(probed: readonly Probed[]): Row[] {
  const rows = new Map<string, Row>();
  for (const [column, { hooks }] of probed.entries()) {
    for (const hook of hooks) {
      const symbol = `${hook.module}:${hook.path}`;
      const key = `${hook.profiler} ${symbol}`;
      const row = rows.get(key) ?? { profiler: hook.profiler, symbol, cells: [] };
      rows.set(key, row);
      // Two watchers of a profiler on one symbol share a cell, and the worse news counts.
      if ((row.cells[column]?.status ?? "attached") === "attached") row.cells[column] = hook;
    }
  }
  return [...rows.values()];
}

function table(probed: readonly Probed[], ran: readonly Ran[], rows: readonly Row[]): string {
  const heads = probed.map(({ version }) => {
    const on = ran.filter(({ vllm }) => vllm === version).map((run) => run.on);
    return on.length > 0 ? `${version} **run** (${on.join("; ")})` : version;
  });
  const lines = [
    ["Symbol", "Profilers", ...heads],
    ["---", "---", ...heads.map(() => ":-:")],
    ...merged(probed, ran, rows),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Profilers for which a symbol came to the same share a line. */
function merged(
  probed: readonly Probed[],
  ran: readonly Ran[],
  rows: readonly Row[],
): string[][] {
  const lines = new Map<string, { profilers: string[]; symbol: string; signs: string[] }>();
  for (const { profiler, symbol, cells } of rows) {
    const signs = cells.map(({ status }, column) => {
      const told = ran.filter(({ vllm }) => vllm === probed[column]!.version)
        .flatMap(({ hooks }) => hooks)
        .filter((hook) => hook.name === profiler && hook.symbol === symbol)
        .map((hook) => hook.status);
      const news = (["failed", "attached", "absent"] as const).find((one) => told.includes(one));
      return news ? RAN_SIGNS[news] : SIGNS[status];
    });
    const key = [symbol, ...signs].join(" ");
    const line = lines.get(key) ?? { profilers: [], symbol, signs };
    lines.set(key, line);
    line.profilers.push(profiler);
  }
  return [...lines.values()].map(({ profilers, symbol, signs }) => [
    `\`${symbol}\``,
    profilers.join(", "),
    ...signs,
  ]);
}

/** One line per symbol and reason, with the profilers and versions that it concerns. */
function misses(probed: readonly Probed[], rows: readonly Row[]): string {
  const found = new Map<string, { profilers: Set<string>; versions: Set<string> }>();
  for (const { profiler, symbol, cells } of rows) {
    for (const [column, { reason }] of cells.entries()) {
      if (reason === undefined) continue;
      const line = `\`${symbol}\`: ${reason}`;
      const miss = found.get(line) ?? { profilers: new Set(), versions: new Set() };
      found.set(line, miss);
      miss.profilers.add(profiler);
      miss.versions.add(probed[column]!.version);
    }
  }
  const lines = [...found].map(([line, { profilers, versions }]) =>
    `- ${[...versions].join(", ")}: ${line} (${[...profilers].join(", ")})`
  );
  return lines.length > 0 ? lines.join("\n") : "None: every hook fits every version.";
}
