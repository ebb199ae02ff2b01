/**
 * `vscope analyze FILE…`.
 *
 * @module
 */

import type { Trimmed } from "../analysis/capture/reader.ts";
import type { RunContext } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import { boolean, text } from "../contract/options.ts";
import { defineTool, type ToolResult } from "../contract/tool.ts";
import type { Analyzed } from "./analyze/analyzed.ts";
import { inputOf } from "./analyze/inputs.ts";

/** The tool. */
const tool = defineTool({
  name: "analyze",
  summary: "tables and findings of a capture",
  description:
    "Prints the figures of a session bundle, of a torch trace (.json or .json.gz, any size), of an " +
    "nsys export (.sqlite), of a CSV of Nsight Compute or of a log of vLLM, and what they say; " +
    "--json for programs. Several captures are the ranks of one run, and a folder stands for the " +
    "captures in it.",
  options: {
    compare: boolean({ default: false, doc: "Put two captures side by side: what changed most" }),
    csv: text({
      doc: "Print one table, such as kernels, as CSV; into the file of --out, if given",
    }),
    window: text({
      doc: "Copy a part of a trace, iteration:10..12 or seconds:0.5..2, to the file of --out",
    }),
  },
  operands: [{
    name: "FILE",
    doc: "A session's folder, captures, logs, or - for standard input",
    required: true,
    many: true,
    leadsTo: "file",
  }],
  examples: [
    { line: "vscope analyze run1 --json", why: "for a pipeline" },
    { line: "vscope analyze rank*.pt.trace.json.gz", why: "the ranks of one run" },
    { line: "vscope analyze rep.sqlite", why: "what nsys recorded, in its own columns" },
    { line: "vscope analyze --compare before.json.gz after.json.gz", why: "what changed" },
    {
      line: "vscope analyze big.json.gz --window iteration:10..12 --out small.json.gz",
      why: "a trace that Perfetto opens",
    },
  ],
  async run({ compare, csv, window }, operands, context, { out, json }) {
    if ([compare, csv !== undefined, window !== undefined].filter(Boolean).length > 1) {
      throw new UsageError("Cannot run analyze: give one of --compare, --csv and --window");
    }
    if (out !== undefined && csv === undefined && window === undefined) {
      throw new UsageError("Cannot run analyze: --out is for --csv and --window; add one of them");
    }
    if (csv !== undefined && json) {
      throw new UsageError("Cannot run analyze: --csv and --json are two formats; give one");
    }
    if (window !== undefined) return await trim(context, operands, window, out);
    if (compare) return await compared(context, operands);
    const analyzed = await analyzeAny(context, operands);
    if (csv !== undefined) return await table(context, analyzed, csv, out);
    return {
      exitCode: 0,
      json: analyzed.document,
      ...(json ? {} : { text: await analyzed.text() }),
    };
  },
});

export default tool;

async function analyzeAny(
  context: RunContext,
  operands: readonly string[],
): Promise<Analyzed> {
  if (!operands.includes("-")) return await analyze(context, operands);
  if (operands.length > 1) {
    throw new UsageError('Cannot analyze "-" together with other files: give it alone');
  }
  const { withStandardInput } = await import("./analyze/standard_input.ts");
  return await withStandardInput(context.files, async (path) => {
    const analyzed = await analyze(context, [path]);
    const sources = analyzed.document["sources"] as { bytes: number }[];
    const text = await analyzed.text();
    return {
      document: { ...analyzed.document, sources: [{ path: "-", bytes: sources[0]!.bytes }] },
      text: () => Promise.resolve(text.replace(path, "standard input")),
    };
  });
}

async function analyze(context: RunContext, operands: readonly string[]): Promise<Analyzed> {
  const { files } = context;
  const input = await inputOf(files, operands);
  if ("session" in input) {
    const { analyzeSessionFolder } = await import("./analyze/session.ts");
    return await analyzeSessionFolder(files, input.session);
  }
  const [{ analyzeCapture }, { captureText }] = await Promise.all([
    import("../analysis/capture/analyze.ts"),
    import("./analyze/capture.ts"),
  ]);
  const analysis = await analyzeCapture(files, input.captures, readOptions(context));
  return { document: { ...analysis }, text: () => captureText(analysis) };
}

function readOptions({ signal, output }: RunContext) {
  return { signal, progress: (line: string) => output.progress(line) };
}

async function compared(context: RunContext, operands: readonly string[]): Promise<ToolResult> {
  if (operands.length !== 2) {
    throw new UsageError(`Cannot compare ${operands.length} captures: give two`);
  }
  const [{ analyzeCapture }, { compareCaptures }, { comparisonText }] = await Promise.all([
    import("../analysis/capture/analyze.ts"),
    import("../analysis/capture/compare.ts"),
    import("./analyze/capture.ts"),
  ]);
  const both = [];
  for (const operand of operands) {
    const input = await inputOf(context.files, [operand]);
    if ("session" in input) {
      throw new UsageError(
        `Cannot compare "${operand}": it is a session; give two captures, or vscope bundle diff two bundles`,
      );
    }
    both.push(await analyzeCapture(context.files, input.captures, readOptions(context)));
  }
  const comparison = compareCaptures(both[0]!, both[1]!);
  return { exitCode: 0, json: comparison, text: await comparisonText(comparison) };
}

async function table(
  { files }: RunContext,
  { document }: Analyzed,
  name: string,
  out: string | undefined,
): Promise<ToolResult> {
  const { csvText, flatTable } = await import("../analysis/capture/flat_table.ts");
  const csv = csvText(flatTable(document, name));
  if (out === undefined) return { exitCode: 0, text: csv.trimEnd() };
  await files.writeTextFile(`${out}.${Deno.pid}.tmp`, csv);
  await files.rename(`${out}.${Deno.pid}.tmp`, out);
  return { exitCode: 0, text: out };
}

async function trim(
  context: RunContext,
  operands: readonly string[],
  text: string,
  out: string | undefined,
): Promise<ToolResult> {
  const { readWindow } = await import("./analyze/window.ts");
  const window = readWindow(text);
  if (out === undefined) {
    throw new UsageError(`Cannot cut the window "${text}": give --out FILE.json.gz`);
  }
  const input = operands.includes("-")
    ? { captures: operands }
    : await inputOf(context.files, operands);
  const [path, ...others] = "captures" in input ? input.captures : [];
  if (path === undefined || others.length > 0) {
    throw new UsageError(`Cannot cut the window "${text}": give one trace`);
  }
  if (path === "-" || await same(context, path, out)) {
    throw new UsageError(
      `Cannot cut the window "${text}": the trace is read twice and cannot be ${
        path === "-" ? "standard input" : "written over"
      }; give a file, and another one to write`,
    );
  }
  const { trimCapture } = await import("../analysis/capture/analyze.ts");
  const made: Trimmed = await trimCapture(context.files, path, window, out, readOptions(context));
  return {
    exitCode: 0,
    json: { schema_version: 1, kind: "trimmed", path: out, ...made },
    text: `${out}: ${made.events} events, ${(made.bytes / 1e6).toFixed(2)} MB, ${
      ((made.to_ns - made.from_ns) / 1e6).toFixed(3)
    } ms; open it in https://ui.perfetto.dev`,
  };
}

async function same({ files }: RunContext, path: string, out: string): Promise<boolean> {
  const target = await files.realPath(out).catch(() => undefined);
  return target !== undefined && target === await files.realPath(path);
}
