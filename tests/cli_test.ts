import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { recipes } from "../recipes/registry.ts";
import { tools } from "../kit/tools/registry.ts";
import { vscope, vscopeHere } from "./cli.ts";
import { inFolder, namesIn } from "./folders.ts";

Deno.test("vscope alone lists every recipe and tool", async () => {
  const { code, stdout } = await vscope([]);
  assert.equal(code, 0);
  for (const { name, summary } of [...recipes, ...tools]) {
    assert.match(
      stdout,
      new RegExp(`^  ${name} +${summary.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, "m"),
    );
  }
});

Deno.test("every recipe and tool has help, and bad input is one sentence with exit code 2", async () => {
  for (const { name } of [...recipes, ...tools]) {
    const help = await vscopeHere([name, "--help"]);
    assert.deepEqual([help.code, help.stderr], [0, ""], name);
    assert.match(help.stdout, /Usage: vscope /);
    if (name === "bundle") continue;
    const bad = await vscopeHere([name, "--no-such-flag"]);
    assert.deepEqual([bad.code, bad.stdout], [2, ""], name);
    assert.match(bad.stderr, /^vscope: Cannot run [\w-]+: unknown option "--no-such-flag".*\n$/);
  }
});

Deno.test("bad input starts nothing, leaves nothing, and says what is wanted", async () => {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    await Deno.mkdir(`${dir}/full`);
    await Deno.writeTextFile(`${dir}/full/mine.txt`, "");
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = String(listener.addr.port);
    const cases: [string[], RegExp, Record<string, string>?][] = [
      [["moniter"], /there is no such recipe or tool; did you mean "monitor"\?/],
      [["monitor"], /no command follows "--"; give the one to be profiled/],
      [["monitor", "--"], /no command follows "--"/],
      [["monitor", "vllm", "serve"], /put the command behind "--": vscope monitor -- vllm serve/],
      [["quickstart", "--", "vllm"], /it takes no command/],
      [
        ["quickstart", "--requests", "0"],
        /"--requests" is "0"; give a whole number from 1 to 10000/,
      ],
      [
        ["monitor", "--profilers", "kv_cach", "--", "vllm", "serve"],
        /"--profilers" is "kv_cach"; give a list with commas, each one of cuda_graph, kv_cache,/,
      ],
      [
        ["monitor", "--profilers", "./mine.py", "--", "vllm", "serve"],
        /"--profilers" is ".\/mine.py"; .*; a file with a profiler of your own goes to --profiler$/m,
      ],
      [
        ["monitor", "--profilers", "kv_cache", "--no-kv-cache-tracking", "--", "vllm", "serve"],
        /Cannot record kv_cache: --profilers asks for it, and ENABLE_KV_CACHE_TRACKING switches it/,
      ],
      [["monitor", "--", "true"], /VLLM_PROFILING_LOG_INTERVAL is "x"/, {
        VLLM_PROFILING_LOG_INTERVAL: "x",
      }],
      [
        ["monitor", "--", "python3", "-c", ""],
        /has no vLLM; install vLLM there, name another Python/,
      ],
      [
        ["monitor", "--python", `${dir}/file`, "--", "vllm", "serve"],
        /cannot be started; give another with --python/,
      ],
      [
        ["monitor", "--enable-profiling", "0", "--out", `${dir}/file/x`, "--", "true"],
        /Cannot write a session to/,
      ],
      [
        ["monitor", "--enable-profiling", "0", "--out", `${dir}/full`, "--", "true"],
        /already holds "mine.txt"/,
      ],
      [
        ["monitor", "--enable-profiling", "0", "--out", `${dir}/new`, "--", "no-such-program"],
        /Cannot start "no-such-program"/,
      ],
      [[
        "monitor",
        "--enable-profiling",
        "0",
        "--out",
        `${dir}/new`,
        "--",
        "vllm",
        "serve",
        "m",
        "--port",
        port,
      ], /port \d+ is taken/],
      [["report", `${dir}/full`], /it holds no bundle.json/],
      [["analyze", `${dir}/nothing`], /there is no such file or folder/],
      [["bundle", "merge", `${dir}/full`], /it holds neither bundle.json nor metadata.json/],
      [["bundle", "marge"], /did you mean "merge"\?/],
      [["completions", "tcsh"], /SHELL is "tcsh"; give one of bash, zsh, fish/],
      [["recipes", "--template", "nothing"], /there is no recipe "nothing"/],
      [["--config", "x"], /there is no such recipe or tool/],
    ];
    for (const [args, message, env] of cases) {
      const ran = await vscopeHere(args, { cwd: dir, ...(env ? { env } : {}) });
      assert.equal(ran.code, 2, `${args.join(" ")}: ${ran.stderr}`);
      assert.match(ran.stderr, message);
      const sentences = ran.stderr.trim().split("\n").filter((line) => !line.includes("warning:"));
      assert.equal(sentences.length, 1, ran.stderr);
      assert.equal(ran.stdout, "");
    }
    assert.deepEqual(await namesIn(dir), ["file", "full"]);
  });
});

Deno.test("with --json an error is a document on stdout too", async () => {
  const { code, stdout } = await vscope(["monitor", "--json"]);
  assert.equal(code, 2);
  assert.equal(JSON.parse(stdout).error.exit_code, 2);
});

Deno.test("--dry-run --json prints the plan with the source of each value, and starts nothing", async () => {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/vscope.yaml`, "monitor:\n  grace: 5s\n");
    const { code, stdout, stderr } = await vscope(
      ["monitor", "--dry-run", "--json", "--log-interval", "7", "--", "vllm", "serve", "M"].map((
        word,
      ) => word === "--log-interval" ? "--profiling-log-interval" : word),
      { cwd: dir, env: { VLLM_PROFILING_DIR: `${dir}/sessions`, VLLM_PLUGINS: "mine" } },
    );
    assert.deepEqual([code, stderr], [0, ""]);
    const plan = JSON.parse(stdout);
    assert.deepEqual(plan.processes[0].argv, ["vllm", "serve", "M"]);
    assert.equal(plan.processes[0].env.VLLM_PLUGINS, "mine,vscope");
    assert.match(plan.out, /\/sessions\/session_\d{8}_\d{6}_\d+$/);
    const sources = Object.fromEntries(
      Object.entries(plan.contract as Record<string, { source: string }>).map((
        [name, { source }],
      ) => [name, source]),
    );
    assert.equal(sources["profiling-log-interval"], "flag");
    assert.equal(sources["profiling-dir"], "environment");
    assert.equal(sources["grace"], "config");
    assert.equal(sources["cpu-timing"], "default");
    assert.deepEqual(await namesIn(dir), ["vscope.yaml"]);
  });
});

Deno.test("a recipe's file runs alone", async () => {
  const main = fileURLToPath(new URL("../recipes/monitor.ts", import.meta.url));
  const { code, stdout } = await vscope(["--dry-run", "--", "vllm", "serve", "M"], { main });
  assert.equal(code, 0);
  assert.match(stdout, /Plan of monitor; nothing is started/);
});

Deno.test("recipes --json gives a JSON Schema for each recipe", async () => {
  const { stdout } = await vscope(["recipes", "--json"]);
  const { recipes: found } = JSON.parse(stdout);
  assert.deepEqual(
    found.map(({ name }: { name: string }) => name),
    recipes.map(({ name }) => name),
  );
  const monitor = found.find(({ name }: { name: string }) => name === "monitor");
  assert.deepEqual(monitor.schema.properties["profiling-log-interval"], {
    type: "integer",
    minimum: 1,
    description:
      "Operations between two samples of a timeline (graphs, experts); totals do not depend on it",
    default: 100,
    "x-unit": "operations",
    "x-env": "VLLM_PROFILING_LOG_INTERVAL",
  });
});

Deno.test("recipes --template writes a file once, and does not write over it", async () => {
  await inFolder(async (dir) => {
    assert.equal((await vscope(["recipes", "--template", "monitor"], { cwd: dir })).code, 0);
    assert.match(
      await Deno.readTextFile(`${dir}/vscope.yaml`),
      /^ {2}profiling-log-interval: 100$/m,
    );
    const again = await vscope(["recipes", "--template", "monitor"], { cwd: dir });
    assert.equal(again.code, 2);
    assert.match(again.stderr, /is there already; give --force/);
  });
});

Deno.test("hooks writes a verified package and lines that a shell takes", async () => {
  await inFolder(async (dir) => {
    const target = `${dir}/it's here`;
    const { code, stdout } = await vscope(["hooks", target]);
    assert.equal(code, 0);
    const shell = new Deno.Command("sh", {
      args: [
        "-c",
        `${stdout}\npython3 -c 'import vscope_hooks, os; print(vscope_hooks.__file__, os.environ["VLLM_PLUGINS"])'`,
      ],
      env: { VLLM_PLUGINS: "mine", PYTHONPATH: "" },
      stdout: "piped",
    });
    const printed = new TextDecoder().decode((await shell.output()).stdout);
    assert.equal(printed, `${target}/vscope_hooks/__init__.py mine,vscope\n`);
  });
});

Deno.test("self-check finds all embedded files as they were built", async () => {
  const { code, stdout } = await vscope(["self-check"]);
  assert.equal(code, 0);
  assert.match(stdout, /embedded files are as they were built/);
});

Deno.test("doctor says what is there and what is missing", async () => {
  const { code, stdout } = await vscope(["doctor", "--json"]);
  assert.equal(code, 0);
  const findings: { what: string }[] = JSON.parse(stdout).findings;
  for (const what of ["vLLM", "private vLLM", "uv", "GPU", "CPU", "nsys", "ncu"]) {
    assert.ok(findings.some((finding) => finding.what === what), what);
  }
});
