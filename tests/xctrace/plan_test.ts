import assert from "node:assert/strict";
import { isThatCommand } from "../../kit/engine/xctrace/read_trace.ts";
import { vscopeHere } from "../cli.ts";
import { inFolder, namesIn } from "../folders.ts";

async function plan(args: string[], cwd: string) {
  const ran = await vscopeHere(["xctrace", "--dry-run", "--json", ...args], {
    cwd,
    env: { PATH: "/nowhere" },
  });
  return { ...ran, json: JSON.parse(ran.stdout) };
}

Deno.test("the plan is xctrace's command, complete anywhere, with what it cannot show", async () => {
  await inFolder(async (dir) => {
    const { code, json } = await plan(
      ["--out", "/o", "--time-limit", "90s", "--", "vllm", "serve", "M"],
      dir,
    );
    assert.equal(code, 0);
    assert.deepEqual(json.processes[0].argv, [
      ...["xctrace", "record", "--template", "Metal System Trace", "--output", "/o/run.trace"],
      ...["--no-prompt", "--time-limit", "90000ms", "--target-stdout", "-"],
      ...["--launch", "--", "vllm", "serve", "M"],
    ]);
    assert.deepEqual([json.disk_bytes, json.seconds], [150e6, 90]);
    assert.match(json.notes.join("\n"), /50 to 150 MB/);
    assert.match(json.notes.join("\n"), /MLX's compute kernels have no names/);
    const attached = await plan(["--pid", "42"], dir);
    assert.deepEqual(attached.json.processes[0].argv.slice(-2), ["--attach", "42"]);
    assert.equal(attached.json.seconds, null);
    assert.deepEqual(await namesIn(dir), []);
  });
});

Deno.test("what cannot be recorded is refused", async () => {
  await inFolder(async (dir) => {
    const cases: [string[], RegExp][] = [
      [[], /nothing is there to be recorded; give --model/],
      [["--pid", "1", "--model", "M"], /--pid and --model are given; give one/],
      [["--pid", "1", "--requests", "3"], /--pid launches none/],
      [["--requests", "3", "--", "python", "x.py"], /"python x\.py" is none/],
    ];
    for (const [args, said] of cases) {
      const { code, json } = await plan(args, dir);
      assert.equal(code, 2);
      assert.match(json.error.message, said);
    }
  });
});

Deno.test("a process is taken for the launched one only by its whole command line", () => {
  const serve = ["env", "A=b", "vllm", "serve", "M"];
  assert.ok(isThatCommand("/opt/v/bin/python3.12 /opt/v/bin/vllm serve M", serve));
  assert.ok(isThatCommand("sleep 60", ["/bin/sleep", "60"]));
  for (
    const line of ["/usr/sbin/cupsd -l", "vllm serve N", "python serve M", "", "[sleep] <defunct>"]
  ) {
    assert.equal(isThatCommand(line, serve), false, line);
  }
  assert.equal(isThatCommand("/usr/sbin/cupsd -l", ["./bench"]), false);
  assert.equal(isThatCommand("anything", []), false);
});
