/**
 * `-` in the place of a bundle: an archive of it on standard input.
 *
 * @module
 */

import { unpackBundle } from "../../bundle/files/unpack.ts";
import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { isThere } from "../../contract/is_there.ts";
import type { Tool, ToolResult } from "../../contract/tool.ts";
import { absolute } from "../../engine/session/session_plan.ts";

/**
 * A tool that takes a bundle also from standard input.
 *
 * The archive is unpacked into a private folder that is removed afterwards. A command that writes into
 * the bundle needs `--out`, a new folder that the bundle is unpacked to and stays in.
 *
 * @param tool What works on folders.
 * @param writes Whether it would write into the bundle with these values and operands.
 */
export function readsStandardInput(
  tool: Tool,
  writes: (
    values: Readonly<Record<string, unknown>>,
    operands: readonly string[],
  ) => boolean = () => false,
): Tool {
  return {
    ...tool,
    operands: tool.operands.map((operand) => ({
      ...operand,
      doc: `${operand.doc}, or - for a tar archive of it on standard input`,
    })),
    async run(values, operands, context, common) {
      const place = operands.indexOf("-");
      if (place < 0) return await tool.run(values, operands, context, common);
      if (operands.includes("-", place + 1)) {
        throw new UsageError(`Cannot run ${tool.name}: "-" is given twice; give it once`);
      }
      const { out } = common;
      const run = (dir: string, options = common) =>
        tool.run(values, operands.with(place, dir), context, options);
      if (!writes(values, operands)) return await inPrivateFolder(context, run);
      if (out === undefined) {
        throw new UsageError(
          `Cannot run ${tool.name} on standard input: what it writes would be lost; ` +
            "give --out DIR, where the bundle is unpacked to",
        );
      }
      // The folder is the bundle's own: the command works where it lies.
      return await intoNewFolder(
        ...[context, absolute(out, context.cwd)] as const,
        (dir) => run(dir, { ...common, out: undefined }),
      );
    },
  };
}

async function unpack(context: RunContext, dir: string): Promise<string> {
  const { readable } = await context.files.open("/dev/stdin", { read: true });
  return await unpackBundle(context.files, readable, dir, context.signal);
}

/** Runs `use` on the bundle, which is gone afterwards; what is said names it `-`. */
async function inPrivateFolder(
  context: RunContext,
  use: (dir: string) => Promise<ToolResult>,
): Promise<ToolResult> {
  const parent = await context.files.makeTempDir({ prefix: "vscope-stdin-" });
  try {
    const dir = await unpack(context, parent);
    const { json, text, ...result } = await use(dir);
    const quoted = JSON.stringify(dir).slice(1, -1);
    return {
      ...result,
      ...(json === undefined ? {} : {
        json: JSON.parse(JSON.stringify(json).replaceAll(quoted, "-")),
      }),
      ...(text === undefined ? {} : { text: text.replaceAll(dir, "standard input") }),
    };
  } finally {
    await context.files.remove(parent, { recursive: true });
  }
}

/** Runs `use` on the bundle, unpacked to a folder that stays if it ends well. */
async function intoNewFolder(
  context: RunContext,
  target: string,
  use: (dir: string) => Promise<ToolResult>,
): Promise<ToolResult> {
  const { files } = context;
  if (await isThere(files, target)) {
    throw new UsageError(`Cannot unpack to "${target}": it is there already; give a new folder`);
  }
  const parent = `${target}.${Deno.pid}.tmp`;
  await files.mkdir(parent, { recursive: true, mode: 0o700 });
  try {
    await files.rename(await unpack(context, parent), target);
  } finally {
    await files.remove(parent, { recursive: true }).catch(() => {});
  }
  return await use(target);
}
