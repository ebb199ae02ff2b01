/**
 * docs/versions.md, from what the probe found.
 *
 * @module
 */

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
}

const SIGNS = { attached: "✓", absent: "–", unknown: "?" };

/** A row of the table: what one profiler's hooks on one symbol came to, version by version. */
interface Row {
  profiler: string;
  symbol: string;
  cells: ProbedHook[];
}

/** The page; `run` are versions that really ran, each with the machine in parentheses. */
export function versionsPage(
  probed: readonly Probed[],
  run: readonly string[],
  date: string,
): string {
  const rows = rowsOf(probed);
  const packages = [...new Set(probed.map((one) => `\`${one.package}\``))].join(", ");
  return `# Hooks and versions of vLLM

Which hooks fit which vLLM. Made by \`./dev versions\` on ${date} from the wheels ${packages} of PyPI.

A cell is a **symbol probe only**: the method is there (✓) with the parameters that the hook reads,
or it is not (–); ? is a method that vLLM's Python alone does not tell. Whether the numbers are right
is known only of the versions marked **run**, on which the tests ran a real engine. What a hook came
to in a run of yours stands in its \`bundle.json\`.

${table(probed, run, rows)}

## Not attached

${misses(probed, rows)}
`;
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

function table(probed: readonly Probed[], run: readonly string[], rows: readonly Row[]): string {
  const heads = probed.map(({ version }) => {
    const ran = run.find((entry) => entry.startsWith(`${version} `));
    return ran ? `${version} **run** ${ran.slice(version.length + 1)}` : version;
  });
  const lines = [
    ["Symbol", "Profilers", ...heads],
    ["---", "---", ...heads.map(() => ":-:")],
    ...merged(rows),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Profilers for which a symbol came to the same share a line. */
function merged(rows: readonly Row[]): string[][] {
  const lines = new Map<string, { profilers: string[]; symbol: string; signs: string[] }>();
  for (const { profiler, symbol, cells } of rows) {
    const signs = cells.map(({ status }) => SIGNS[status]);
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
