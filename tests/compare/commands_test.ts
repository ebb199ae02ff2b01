/** `vscope bundle diff` and `gate`, as typed. */

import assert from "node:assert/strict";
import diffTool from "../../kit/tools/bundle/diff.ts";
import gateTool from "../../kit/tools/bundle/gate.ts";
import type { Tool } from "../../kit/contract/tool.ts";
import { executeTool } from "../../kit/contract/execute.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { vscopeHere } from "../cli.ts";
import { inFolder, namesIn } from "../folders.ts";
import { writeSession } from "./made.ts";

/** Runs a tool without starting a program; `faulty` stands for functions of the file system. */
async function inProcess(
  tool: unknown,
  argv: readonly string[],
  faulty: Readonly<Record<string, unknown>> = {},
): Promise<{ code: number; errors: string[] }> {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  const errors: string[] = [];
  const nothing = () => {};
  const output = {
    progress: nothing,
    note: nothing,
    warn: nothing,
    detail: nothing,
    result: nothing,
    error: (line: string) => void errors.push(line),
  };
  const files = { ...context.files, ...faulty } as unknown as typeof context.files;
  const told = output as unknown as typeof context.output;
  const code = await executeTool(tool as Tool, argv, { ...context, files, output: told });
  await close();
  return { code, errors };
}

/** Three repeats of each of two speeds, and the words that name them. */
async function sides(dir: string, [before, after]: readonly [number, number]): Promise<string[]> {
  const write = (name: string, seed: number, stepMs: number) =>
    writeSession(`${dir}/${name}`, { stepMs, seed });
  const [a1, a2, a3, b1, b2, b3] = await Promise.all([
    ...[1, 2, 3].map((seed) => write(`a${seed}`, seed, before)),
    ...[1, 2, 3].map((seed) => write(`b${seed}`, 10 + seed, after)),
  ]);
  return [a1!, b1!, "--base", `${a2},${a3}`, "--new", b2!, "--new", b3!];
}

Deno.test("gate ends with 0 where nothing is slower, with 1 where something is, and says so three times", async () => {
  await inFolder(async (dir) => {
    const [same, slower] = [`${dir}/same`, `${dir}/slower`];
    const [quiet, loud] = [await sides(same, [5, 5]), await sides(slower, [5, 6.5])];
    const junit = `${dir}/gate.xml`;
    const [passed, failed, json] = await Promise.all([
      vscopeHere(["bundle", "gate", ...quiet]),
      vscopeHere(["bundle", "gate", ...loud, "--junit", junit]),
      vscopeHere([
        "bundle",
        "gate",
        ...loud,
        "--json",
        "--rule",
        "defaults,steps.decode_ms.p50:+50%",
      ]),
    ]);
    assert.equal(passed.code, 0, passed.stdout + passed.stderr);
    assert.match(passed.stdout, /Passed: none of 6 figures is worse/);
    assert.equal(failed.code, 1, failed.stdout + failed.stderr);
    assert.match(failed.stdout, /steps\.decode_ms\.p50 [^\n]*REGRESSION/);
    const xml = await Deno.readTextFile(junit);
    assert.match(xml, /tests="6" failures="6"/);
    assert.match(
      xml,
      /<testcase classname="session.steps" name="steps.decode_ms.p50">\s*<failure message="steps.decode_ms.p50:\+5%: /,
    );
    assert.equal(json.code, 1);
    const document = JSON.parse(json.stdout);
    assert.deepEqual([document.kind, document.passed, document.base.length], ["gate", false, 3]);
    const verdicts = new Map(
      document.judged.map((one: { metric: string; verdict: string }) => [one.metric, one.verdict]),
    );
    // The rule that was given counts before the default one.
    assert.equal(verdicts.get("steps.decode_ms.p50"), "within_limit");
    assert.equal(verdicts.get("throughput.tokens_per_s"), "regression");
  });
});

Deno.test("two runs alone are judged by what was uneven within them", async () => {
  await inFolder(async (dir) => {
    const [a, b, c] = await Promise.all([
      writeSession(`${dir}/a`, { stepMs: 5, seed: 1, requests: 200 }),
      writeSession(`${dir}/b`, { stepMs: 5, seed: 2, requests: 200 }),
      writeSession(`${dir}/c`, { stepMs: 7, seed: 3, requests: 200 }),
    ]);
    const [quiet, loud] = await Promise.all([
      vscopeHere(["bundle", "gate", a, b, "--json"]),
      vscopeHere(["bundle", "gate", a, c, "--json"]),
    ]);
    assert.deepEqual([quiet.code, loud.code], [0, 1], quiet.stderr + loud.stderr);
    const { judged, assumptions } = JSON.parse(quiet.stdout);
    assert.deepEqual([...new Set(judged.map(({ basis }: { basis: string }) => basis))], [
      "within_run",
    ]);
    assert.match(assumptions[0], /^One run a side/);
  });
});

Deno.test("another load is warned of, and metrics are listed with their rules", async () => {
  await inFolder(async (dir) => {
    const a = await writeSession(`${dir}/a`, { stepMs: 5, seed: 1 });
    const b = await writeSession(`${dir}/b`, { stepMs: 5, seed: 2, requests: 40 });
    const [gate, list, diff] = await Promise.all([
      vscopeHere(["bundle", "gate", a, b]),
      vscopeHere(["bundle", "gate", "--list-metrics", a, "--json"]),
      vscopeHere(["bundle", "diff", a, b, "--html", `${dir}/diff.html`]),
    ]);
    assert.match(gate.stderr, /The load was not the same \(load: requests 60 → 40; /);
    const { metrics } = JSON.parse(list.stdout);
    const rate = metrics.find((one: { metric: string }) => one.metric.startsWith("throughput"));
    assert.deepEqual(rate, {
      metric: "throughput.tokens_per_s",
      unit: "tokens/s",
      scale: "ratio",
      better: "higher",
      default_rule: "throughput.tokens_per_s:-5%",
    });
    assert.equal(diff.code, 0);
    const page = await Deno.readTextFile(`${dir}/diff.html`);
    assert.match(page, /requests\.ttft_ms\.p50/);
    assert.match(page, /<svg class="interval"/);
    const different = diff.stdout.indexOf("Different:\n  load: requests 60 → 40");
    assert.ok(different > 0 && different < diff.stdout.indexOf("│"), diff.stdout);
  });
});

Deno.test("bad input ends with 2 and one sentence", async () => {
  await inFolder(async (dir) => {
    const a = await writeSession(`${dir}/a`, { stepMs: 5, seed: 1 });
    const b = await writeSession(`${dir}/b`, { stepMs: 5, seed: 2 });
    const cases: [string[], RegExp][] = [
      [["gate"], /no bundle is given; give two/],
      [["gate", a], /only one bundle is given/],
      [["gate", a, `${dir}/none`], /there is no such folder/],
      [["gate", a, b, "--rule", "nonsense"], /a rule is written METRIC:\+10%/],
      [["gate", a, b, "--rule", "steps.decode_ms.p5:+1%"], /did you mean "steps.decode_ms.p50"/],
      [["gate", a, b, "--rule", "throughput.*:+1%"], /more of throughput.tokens_per_s is better/],
      [["gate", a, b, "--base", a], /is given twice on one side/],
      [["gate", a, b, "--junit", `${dir}/no/where.xml`], /Cannot write ".*where.xml"/],
      [["diff", a], /B is missing/],
      [["gate", "--list-metrics"], /give one bundle/],
    ];
    for (const [[command, ...words], message] of cases) {
      const { code, errors } = await inProcess(command === "gate" ? gateTool : diffTool, words);
      assert.deepEqual([code, errors.length], [2, 1], words.join(" ") + errors);
      assert.match(errors[0]!, message);
    }
  });
});

Deno.test("a disk that is full leaves the verdicts of before, and nothing else", async () => {
  await inFolder(async (dir) => {
    const a = await writeSession(`${dir}/a`, { stepMs: 5, seed: 1 });
    const b = await writeSession(`${dir}/b`, { stepMs: 5, seed: 2 });
    await Deno.mkdir(`${dir}/out`);
    const path = `${dir}/out/gate.xml`;
    await Deno.writeTextFile(path, "before");
    for (const fault of ["writeTextFile", "rename"] as const) {
      const files = {
        [fault]: async (path: string) => {
          if (fault === "writeTextFile") await Deno.writeTextFile(path, "half");
          throw new Error("No space left on device (os error 28)");
        },
      };
      const { code, errors } = await inProcess(gateTool, [a, b, "--junit", path], files);
      assert.equal(code, 2);
      assert.match(errors[0]!, /Cannot write ".*gate\.xml": No space left/);
      assert.deepEqual(await namesIn(`${dir}/out`), ["gate.xml"]);
      assert.equal(await Deno.readTextFile(path), "before");
    }
  });
});
