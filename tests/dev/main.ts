/**
 * The tasks of `./dev`.
 *
 * @module
 */

import { ROOT, run } from "./run.ts";

/** A task; returns its exit code. */
type Task = (args: string[]) => Promise<number>;

const tasks: Record<string, Task> = {
  test: async (args) => (await import("./test.ts")).test(args),
  lint: () => run(["lint"]),
  fmt: (args) => run(["fmt", ...args]),
  check: async () =>
    await run(["check", "--doc", "cli.ts", "mod.ts", "recipes", "kit", "tests", "docs/api.md"]) ||
    await run(["doc", "--lint", ...(await import("./public_files.ts")).publicFiles()]),
  hooks: (args) => run(["run", "-A", "tests/dev/embed_hooks.ts", ...args]),
  docs: async (args) => (await import("./docs.ts")).docs(args.includes("--check")),
  bench: async (args) => (await import("./bench.ts")).bench(args),
  versions: async (args) => (await import("./versions.ts")).versions(args),
  build: async (args) => (await import("./build_arguments.ts")).buildAsked(args),
  release: async (args) => (await import("./release.ts")).release(args),
  ok: async () => {
    for (
      const args of [
        ["fmt", "--check"],
        ["lint"],
        ["check"],
        ["hooks", "--check"],
        ["docs", "--check"],
        ["build"],
        ["test"],
      ]
    ) {
      const [name, ...rest] = args;
      const code = await tasks[name!]!(rest);
      if (code !== 0) return code;
    }
    return 0;
  },
};

const [name = "", ...args] = Deno.args;
const task = tasks[name];
if (!task) {
  const names = Object.keys(tasks).join(", ");
  await Deno.stderr.write(
    new TextEncoder().encode(`Usage: ./dev TASK, which is one of ${names}\n`),
  );
  Deno.exit(2);
}
Deno.chdir(ROOT);
Deno.exit(await task(args));
