/** Recipes from a URL: every file of the registry, with the permissions that its help names. */

import assert from "node:assert/strict";
import { permissionFlags, PLAN_FLAGS } from "../kit/contract/permissions.ts";
import { recipes } from "../recipes/registry.ts";
import { ROOT } from "./dev/run.ts";
import { inFolder, namesIn } from "./folders.ts";
import { withRepository } from "./serve_repository.ts";
import { example } from "./tools/export/sessions.ts";

/** The folder of packages that Deno has fetched; modules from the server go to a cache of the test's own. */
async function cachedPackages(): Promise<string> {
  const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(info.stdout)).npmCache;
}

/** A folder that is no project of ours, and a way to run a recipe there. */
async function elsewhere(
  use: (
    run: (recipe: string, flags: readonly string[], args: readonly string[]) => Promise<{
      code: number;
      stdout: string;
      stderr: string;
    }>,
    dir: string,
    url: string,
  ) => Promise<void>,
  altered: Record<string, string> = {},
): Promise<void> {
  const packages = await cachedPackages();
  await withRepository((url) =>
    inFolder(async (parent) => {
      await Deno.mkdir(`${parent}/cache`);
      await Deno.symlink(packages, `${parent}/cache/npm`);
      await Deno.mkdir(`${parent}/work`);
      await use(
        async (recipe, flags, args) => {
          const file = `${url}/recipes/${recipe.replaceAll("-", "_")}.ts`;
          const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
            args: ["run", "--quiet", "--no-prompt", ...flags, file, ...args],
            cwd: `${parent}/work`,
            env: {
              DENO_DIR: `${parent}/cache`,
              NO_COLOR: "1",
              VLLM_PROFILING_DIR: parent,
              // A package that calls itself vLLM, for what looks for one before it begins.
              PYTHONPATH: `${ROOT}/tests/metal/fixtures/offline`,
            },
            stdin: "null",
          }).output();
          const decoder = new TextDecoder();
          return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
        },
        `${parent}/work`,
        url,
      );
    }), altered);
}

/** The flags of the lines of a help that begin with `deno run`. */
function flagsNamed(help: string, recipe: string): string[][] {
  const lines = help.matchAll(/^ {2}deno run (.*?) …\/recipes\/(\w+)\.ts/gm);
  return [...lines].map(([, flags, file]) => {
    assert.equal(file, recipe.replaceAll("-", "_"));
    return flags!.split(" ");
  });
}

/** Words of an example of the help that plans a run. */
function planned(examples: readonly { line: string }[], recipe: string): string[] {
  const line = examples.map((one) => one.line).find((one) => one.startsWith(`vscope ${recipe} `));
  const words = (line ?? "").split(" ").slice(2);
  const end = words.indexOf("--");
  return end < 0 ? [...words, "--dry-run"] : words.toSpliced(end, 0, "--dry-run");
}

Deno.test("every recipe runs from a URL, in any folder, and plans with the few flags that its help names", async () => {
  await elsewhere(async (run, dir) => {
    for (const entry of recipes) {
      const { name } = entry;
      const recipe = (await entry.load()).default;
      const [help, plan] = await Promise.all([
        run(name, PLAN_FLAGS, ["--help"]),
        // One whose operand is a session takes a recorded one.
        recipe.operands?.[0]?.name.startsWith("SESSION")
          ? run(name, PLAN_FLAGS, ["--dry-run", example("session")])
          : run(name, PLAN_FLAGS, planned(recipe.examples, name)),
      ]);
      assert.deepEqual([help.code, help.stderr], [0, ""], name);
      assert.deepEqual(flagsNamed(help.stdout, name), [
        permissionFlags(Deno.build.os),
        [...PLAN_FLAGS],
      ]);
      assert.deepEqual([plan.code, plan.stderr], [0, ""], name);
      assert.match(plan.stdout, new RegExp(`^Plan of ${name}; nothing is started`));
    }
    // What a bad option makes of each is looked at without a URL (tests/tools/pipelines_test.ts).
    const bad = await run("monitor", PLAN_FLAGS, ["--no-such-flag"]);
    assert.deepEqual([bad.code, bad.stdout], [2, ""]);
    assert.match(bad.stderr, /^vscope: Cannot run monitor: unknown option "--no-such-flag".*\n$/);
    assert.deepEqual(await namesIn(dir), []);
  });
});

Deno.test("from a URL a run is carried out with the flags of the help, and with less nothing begins", async () => {
  await elsewhere(async (run, dir) => {
    // A project of the user's own, whose lock and packages are not for us.
    const project = { nodeModulesDir: "manual", lock: { frozen: true }, imports: { a: "./a.ts" } };
    await Deno.writeTextFile(`${dir}/deno.json`, JSON.stringify(project));
    const args = ["--enable-profiling", "0", "--out", "run1", "--", "python3", "-c", "print(7)"];
    const less = permissionFlags("darwin");
    if (Deno.build.os === "linux") {
      const refused = await run("monitor", less, args);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /Cannot go on, because Deno does not allow it: .*all access/);
      assert.deepEqual(await namesIn(dir), ["deno.json"]);
    }
    const none = await run("monitor", [], args);
    assert.deepEqual([none.code, none.stdout], [2, ""]);
    assert.match(none.stderr, /^vscope: Cannot go on, .* --help names\n$/);
    const done = await run("monitor", permissionFlags(Deno.build.os), args);
    assert.deepEqual([done.code, done.stdout.split("\n")[0]], [0, "7"], done.stderr);
    assert.equal(JSON.parse(await Deno.readTextFile(`${dir}/run1/bundle.json`)).status, "complete");
  });
});

Deno.test("from a URL everything that is embedded is there: hooks, configurations, charts", async () => {
  await elsewhere(async (run) => {
    const keys = await run("sweep", PLAN_FLAGS, [
      ...["--list", "attention", "--model", "Qwen/Qwen3-0.6B", "--assume-cache-tokens", "500000"],
    ]);
    assert.deepEqual([keys.code, keys.stderr], [0, ""]);
    assert.match(keys.stdout, /^prefill_chunk,kv_prefill,n_decode,kv_decode\n0,0,1,16\n/);
    const watched = await run("watch", PLAN_FLAGS, ["--once", "--json", example("session")]);
    assert.equal(JSON.parse(watched.stdout).kind, "watch");
  });
});

Deno.test("a lock file holds a host to the code that was looked at", async () => {
  const altered: Record<string, string> = {};
  await elsewhere(async (run, dir, url) => {
    const lock = ["--lock=vscope.lock"];
    const args = ["--dry-run", "--", "vllm", "serve", "M"];
    const made = await run("monitor", [...lock, "--frozen=false", ...PLAN_FLAGS], args);
    assert.equal(made.code, 0, made.stderr);
    assert.ok((await namesIn(dir)).includes("vscope.lock"));
    // What the host serves is fetched again; the packages are not its.
    const frozen = [...lock, "--frozen", `--reload=${url}`, ...PLAN_FLAGS];
    assert.equal((await run("monitor", frozen, args)).code, 0);
    altered["/kit/contract/version.ts"] = 'export const VERSION = "0.1.0"; // and more\n';
    const refused = await run("monitor", frozen, args);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /Integrity check failed/);
  }, altered);
});

Deno.test("Python that a host has altered is neither written nor run", async () => {
  const python = ["--", "python3", "-c", "open('started', 'w')"];
  const altered = "import os\nopen('altered', 'w')\n";
  for (
    const [path, message] of [
      [
        "kit/engine/python/python_facts.py",
        /Cannot use kit\/engine\/python\/python_facts\.py: it differs/,
      ],
      ["hooks/vscope_hooks/plugin.py", /Cannot write the hooks: vscope_hooks\/plugin\.py differ/],
    ] as const
  ) {
    await elsewhere(async (run, dir) => {
      const ran = await run("monitor", permissionFlags(Deno.build.os), ["--out", "r", ...python]);
      assert.equal(ran.code, 1);
      assert.match(ran.stderr, message);
      const left = (await namesIn(dir)).concat(await namesIn(`${dir}/r`));
      assert.ok(!left.includes("started") && !left.includes("altered"), left.join());
    }, { [`/${path}`]: altered });
  }
});
