/** vscope between other programs: the lines of docs/pipelines.md, events, pipes that break. */

import assert from "node:assert/strict";
import { recipes } from "../../recipes/registry.ts";
import { CLI, DENO_RUN, vscope, vscopeHere } from "../cli.ts";
import { recorded } from "../analysis/nsys/analyzed.ts";
import { ROOT } from "../dev/run.ts";
import { inFolder } from "../folders.ts";
import { example } from "./export/sessions.ts";

interface Shell {
  dir: string;
  run(line: string): Promise<{ code: number; stdout: string; stderr: string }>;
}

/** A folder with what the lines name, and a bash in it that finds `vscope`. */
async function inShell(use: (shell: Shell) => Promise<void>): Promise<void> {
  await inFolder(async (dir) => {
    await Deno.mkdir(`${dir}/bin`);
    const deno = `'${Deno.execPath()}' ${DENO_RUN.join(" ")}`;
    const launcher = `#!/bin/sh\nexec ${deno} '${CLI}' "$@"\n`;
    await Deno.writeTextFile(`${dir}/bin/vscope`, launcher, { mode: 0o755 });
    const copies = [["session", "run1"], ["moe", "run2"]] as const;
    for (const [name, target] of copies) {
      const args = ["-r", example(name), `${dir}/${target}`];
      assert.ok((await new Deno.Command("cp", { args }).output()).success);
    }
    const tests = `${ROOT}/tests/analysis`;
    await Deno.copyFile(`${tests}/torch/recorded/dense_graphs.json.gz`, `${dir}/trace.json.gz`);
    await Deno.copyFile(`${tests}/vllm_log/fixtures/vllm-0.32.0.log`, `${dir}/vllm.log`);
    await Deno.writeTextFile(`${dir}/offline.py`, "print('an answer')\n");
    await use({
      dir,
      async run(line) {
        const { code, stdout, stderr } = await new Deno.Command("bash", {
          args: ["-o", "pipefail", "-c", line],
          cwd: dir,
          env: {
            PATH: `${dir}/bin:${Deno.env.get("PATH")}`,
            // There is no vLLM for the lines that run a program.
            VLLM_ENABLE_PROFILING: "0",
            VLLM_PROFILING_DIR: `${dir}/sessions`,
          },
          stdin: "null",
        }).output();
        const decoder = new TextDecoder();
        return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
      },
    });
  });
}

/** What each line of the page prints, in their order. */
const PRINTED: readonly RegExp[] = [
  /^\d+(\.\d+)?\n$/,
  /^\d+\t\d+\tattention\n(\d+\t\d+\t\w+\n){2}$/,
  /^\{"count":\d+,.*\}\n$/,
  /^\d+(\.\d+)?\n$/,
  /^standard input: nothing is wrong\n$/,
  /^complete\n$/,
  /^(.+\n)*complete\n$/,
  /^run1\t\d+\t\d+\.\d+\nrun2\t\d+\t\d+\.\d+\n$/,
  /^ *[1-9]\d*\n$/,
  /^as it was written\n$/,
  /^(\w+\n){3}$/,
];

Deno.test("the lines of docs/pipelines.md do what they say", async () => {
  const page = await Deno.readTextFile(`${ROOT}/docs/pipelines.md`);
  const lines = [...page.matchAll(/^```sh\n(.*)\n```$/gm)].map(([, line]) => line!);
  assert.equal(lines.length, PRINTED.length);
  await inShell(async ({ run }) => {
    const ran = await Promise.all(lines.map(run));
    for (const [place, { code, stdout, stderr }] of ran.entries()) {
      assert.equal(code, 0, `${lines[place]}: ${stderr}`);
      assert.match(stdout, PRINTED[place]!, lines[place]);
      assert.ok(!(stdout + stderr).includes("\x1b"), "no colours and no bars in a pipe");
    }
  });
});

Deno.test("a reader that leaves ends a tool in silence, and no run of vLLM", async () => {
  await inShell(async ({ run, dir }) => {
    const lines = [
      "vscope --help | :",
      "vscope monitor --help | head -n 1",
      "vscope completions zsh | head -n 1",
      "vscope recipes --json | head -n 1",
      "vscope export csv run1 cpu_operations_timing | head -n 1",
      "vscope sweep --list skew --model Qwen/Qwen3-0.6B --assume-cache-tokens 500000 | head -n 1",
      "gunzip -c trace.json.gz | vscope analyze - --json | head -n 1",
      "vscope watch run1 | head -n 1",
    ];
    const ran = await Promise.all(lines.map(run));
    for (const [place, { code, stderr }] of ran.entries()) {
      assert.deepEqual([code, stderr], [0, ""], lines[place]);
    }
    await Deno.writeTextFile(
      `${dir}/long.py`,
      "import time\nfor n in range(30): print(n, flush=True); time.sleep(0.03)\nopen('done', 'w')\n",
    );
    const { code } = await run("vscope monitor --quiet --out r -- python3 long.py | head -n 1");
    assert.equal(code, 0);
    assert.ok(await Deno.stat(`${dir}/done`));
    const log = await Deno.readTextFile(`${dir}/r/logs/stdout.log`);
    assert.equal(log.trim().split("\n").length, 30);
  });
});

Deno.test("a view of a session that runs ends when nobody reads it", async () => {
  await inShell(async ({ run, dir }) => {
    const script = "import time\ntime.sleep(3600)\n";
    await Deno.writeTextFile(`${dir}/long.py`, script);
    const { code, stdout } = await run(
      "vscope monitor --quiet --out s -- python3 long.py > /dev/null & " +
        "until [ -e s/bundle.json ]; do sleep 0.1; done; " +
        "vscope watch s --interval 0.2 | head -n 1; code=$?; kill $!; wait; exit $code",
    );
    assert.equal(code, 0);
    assert.equal(stdout.trim().split("\n").length, 1);
  });
});

/** The documents of a stream of events. */
function eventsOf(text: string): Record<string, unknown>[] {
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("--events tells of a run from its beginning to its end, its failure included", async () => {
  await inFolder(async (dir) => {
    const python = ["--", "python3", "-c", "print('an answer')"];
    const monitor = ["monitor", "--enable-profiling", "0", "--events", "ndjson"];
    const good = await vscope([...monitor, "--out", "a", ...python], { cwd: dir });
    const events = eventsOf(good.stdout);
    assert.deepEqual(
      [events[0]!["event"], events[0]!["recipe"], events[0]!["bundle"]],
      ["begin", "monitor", `${await Deno.realPath(dir)}/a`],
    );
    assert.ok(events.some(({ event, line }) => event === "output" && line === "an answer"));
    const end = events.at(-1)!;
    assert.deepEqual([end["event"], end["status"], end["exit_code"]], ["end", "complete", 0]);
    assert.equal((end["result"] as { status: string }).status, "complete");
    for (const { at } of events) assert.ok(Date.parse(String(at)) > 0);
    // People are told as ever.
    assert.match(good.stderr, /Recording to /);

    const run = (...args: string[]) => vscopeHere([...monitor, ...args], { cwd: dir });
    const failed = await run("--out", "b", "--", "python3", "-c", "raise SystemExit(3)");
    assert.equal(failed.code, 1);
    assert.equal(eventsOf(failed.stdout).at(-1)!["status"], "failed");

    for (const args of [["--json", ...python], ["--dry-run", ...python], []]) {
      const bad = await run(...args);
      assert.equal(bad.code, 2);
      assert.deepEqual(eventsOf(bad.stdout).map(({ event }) => event), ["error", "end"]);
      assert.equal(eventsOf(bad.stdout).at(-1)!["exit_code"], 2);
    }
    const tool = await vscopeHere(["analyze", "--events", "ndjson", dir]);
    assert.deepEqual([tool.code, tool.stdout], [2, ""]);
    assert.match(tool.stderr, /--events is for recipes/);
  });
});

Deno.test("of every recipe --json is one document, a plan as well as an error, and --events are lines of JSON", async () => {
  for (const entry of recipes) {
    const { name, examples, operands } = { ...(await entry.load()).default, name: entry.name };
    const line = examples.find(({ line }) => line.startsWith(`vscope ${name}`))!.line;
    const words = operands?.[0]?.name.startsWith("SESSION")
      ? [example("session")]
      : line.split(" ").slice(2);
    const plan = await vscopeHere([name, "--dry-run", "--json", ...words]);
    assert.deepEqual([plan.code, plan.stderr], [0, ""], name);
    assert.equal(typeof JSON.parse(plan.stdout), "object", name);
    const bad = await vscopeHere([name, "--json", "--no-such-flag"]);
    assert.deepEqual([bad.code, JSON.parse(bad.stdout).error.exit_code], [2, 2], name);
    const events = await vscopeHere([name, "--events", "ndjson", "--no-such-flag"]);
    assert.equal(events.code, 2, name);
    assert.deepEqual(eventsOf(events.stdout).map(({ event }) => event), ["error", "end"], name);
  }
});

Deno.test("with VSCOPE_JSON, as with --json, an error is a document too", async () => {
  const { code, stdout } = await vscopeHere(["monitor"], { env: { VSCOPE_JSON: "1" } });
  assert.equal(code, 2);
  assert.equal(JSON.parse(stdout).error.exit_code, 2);
});

Deno.test("analyze reads every kind of capture from standard input", async () => {
  await inShell(async ({ run, dir }) => {
    await Deno.writeFile(`${dir}/rep.sqlite`, await recorded("small"));
    const kinds = await Promise.all([
      run("cat rep.sqlite | vscope analyze - --json | jq -r .kind"),
      run("cat trace.json.gz | vscope analyze - --json | jq -r .kind"),
      run("cat vllm.log | vscope analyze - --json | jq -r .kind"),
      run(
        "gunzip -c < '" + `${ROOT}/tests/analysis/ncu/recorded/dense.raw.csv.gz` +
          "' | vscope analyze - --json | jq -r .kind",
      ),
    ]);
    assert.deepEqual(kinds.map(({ stdout }) => stdout.trim()), [
      "nsys",
      "torch",
      "vllm-log",
      "ncu",
    ]);
  });
});

Deno.test("on a terminal help is as wide as that, and progress is no wider", async () => {
  const script =
    `stty cols 60 rows 24; '${Deno.execPath()}' run -A --quiet '${CLI}' monitor --help`;
  const { stdout } = await new Deno.Command("script", {
    args: ["-qec", script, "/dev/null"],
    env: { TERM: "xterm", NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout).replaceAll("\r", "");
  const prose = text.split("\n").filter((line) =>
    /^( {6})?[A-Z[]/.test(line) && !/Usage/.test(line)
  );
  assert.ok(prose.length > 20);
  assert.ok(Math.max(...prose.map((line) => line.length)) <= 60);
  assert.ok(!text.includes("\x1b"));
});
