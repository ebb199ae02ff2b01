import assert from "node:assert/strict";
import type { RunContext } from "../../kit/contract/context.ts";
import { diskGuard } from "../../kit/engine/mac/disk_guard.ts";
import { passGuards } from "../../kit/engine/mac/guard.ts";
import { platformGuard, xcodeGuard, xctraceGuard } from "../../kit/engine/mac/mac_guards.ts";
import { inFolder, namesIn } from "../folders.ts";
import { freePort, onMac } from "./mac.ts";

/** A context in which programs print what is given; those that are not given cannot be run. */
function machine(programs: Record<string, string>, notes: string[] = []): RunContext {
  const output = { note: (line: string) => notes.push(line) };
  const processes = {
    capture(argv: readonly string[]) {
      const said = programs[argv.join(" ")] ?? programs[argv[0]!];
      if (said === undefined) return Promise.reject(new Deno.errors.NotFound(argv[0]));
      return Promise.resolve({ code: said === "!" ? 2 : 0, stdout: `${said}\n`, stderr: "" });
    },
  };
  return { files: Deno, processes, output } as unknown as RunContext;
}

const MAC = { "uname -s": "Darwin", "uname -m": "arm64", sw_vers: "15.6" };

Deno.test("the platform guard wants macOS on Apple Silicon", async () => {
  const outcomes = async (programs: Record<string, string>) => {
    const { outcome, found } = await platformGuard(machine(programs));
    return `${outcome}: ${found}`;
  };
  assert.equal(await outcomes(MAC), "ok: macOS 15.6 on Apple Silicon");
  assert.match(await outcomes({ ...MAC, "uname -s": "Linux" }), /^refused: this is Linux on arm64/);
  assert.match(
    await outcomes({ ...MAC, "uname -m": "x86_64" }),
    /^refused: this Mac says .* x86_64/,
  );
  assert.match(await outcomes({}), /^refused: this is an unknown system/);
  assert.match(await outcomes({ ...MAC, sw_vers: "!" }), /^unknown: .*sw_vers does not tell/);
});

Deno.test("the Xcode guard wants the full Xcode, chosen and there", async () => {
  await inFolder(async (dir) => {
    const xcode = `${dir}/Xcode-beta.app/Contents/Developer`;
    await Deno.mkdir(xcode, { recursive: true });
    const cases: [string, string, RegExp][] = [
      [xcode, "ok", /Xcode-beta/],
      ["/Library/Developer/CommandLineTools", "refused", /the Command Line Tools alone/],
      [dir, "refused", /which is no Xcode/],
      ["/nowhere/Xcode.app/Contents/Developer", "refused", /which is not there/],
      ["!", "refused", /names no developer folder/],
    ];
    for (const [said, outcome, found] of cases) {
      const record = await xcodeGuard(machine({ "xcode-select": said }));
      assert.equal(record.outcome, outcome, said);
      assert.match(record.found, found);
      if (outcome === "refused") assert.match(record.remedy!, /sudo xcode-select -s/);
    }
  });
  assert.equal((await xctraceGuard(machine({}))).outcome, "refused");
  const { version } = await xctraceGuard(machine({ xctrace: "xctrace version 16.0 (17F113)" }));
  assert.equal(version, "16.0 (17F113)");
});

Deno.test("the disk guard refuses below what is expected, and warns below what it can come to", async () => {
  const guard = diskGuard("/nowhere/at/all", { expected: 2.2e9, upper: 26e9 });
  const free = (gigabytes: number) =>
    `Filesystem 1024-blocks Used Available Capacity Mounted on\n` +
    `/dev/disk3s5 971350180 300 ${Math.floor(gigabytes * 1e9 / 1024)} 42% /System/Volumes/Data`;
  const found = async (gigabytes: number) => await guard(machine({ df: free(gigabytes) }));
  assert.equal((await found(100)).outcome, "ok");
  assert.equal((await found(5)).outcome, "warning");
  const little = await found(1);
  assert.equal(little.outcome, "refused");
  assert.equal(little.found, '1.0 GB free at "/", and about 2.2 GB are needed');
  assert.equal((await guard(machine({ df: "!" }))).outcome, "unknown");
  assert.equal((await guard(machine({ df: "nonsense" }))).outcome, "unknown");
});

Deno.test("all guards run and are told, and one sentence names all that refuse", async () => {
  const notes: string[] = [];
  const guards = [platformGuard, xcodeGuard];
  await assert.rejects(
    passGuards(machine({ "uname -s": "Linux", "uname -m": "x86_64" }, notes), "metal", guards),
    {
      name: "UsageError",
      message: /^Cannot run metal: this is Linux on x86_64.*; xcode-select names no developer/,
    },
  );
  assert.equal(notes.length, 2);
  const passed = await passGuards(machine(MAC, notes), "metal", guards, ["xcode"]);
  assert.deepEqual(passed.map(({ outcome }) => outcome), ["ok", "warning"]);
});

Deno.test("a refusal ends with exit code 2, and nothing was started or left", async () => {
  const cases: [Parameters<typeof onMac>[0], RegExp][] = [
    [{ system: "Linux" }, /Metal is Apple's/],
    [{ developer: "/Library/Developer/CommandLineTools" }, /Command Line Tools alone/],
    [{ freeBytes: 1e9 }, /1\.0 GB free at .*, and about 2\.2 GB are needed/],
    [{ programs: { vllm: "exit 1", df: "exit 1" }, machine: "x86_64" }, /needs Apple Silicon/],
  ];
  for (const [parts, said] of cases) {
    await onMac(parts, async (mac) => {
      const ran = await mac.run(["metal", "--quiet", "--model", "M-0.6B", "--port", freePort()]);
      assert.equal(ran.code, 2);
      assert.match(ran.stderr, said);
      assert.deepEqual(await namesIn(`${mac.dir}/vscope-bundles`), []);
    });
  }
});

Deno.test("a Python without vllm-metal, a taken port and a contradiction are refused", async () => {
  await onMac({ programs: { vllm: "" } }, async (mac) => {
    await Deno.writeTextFile(`${mac.dir}/bin/vllm`, "#!/usr/bin/env python3\n");
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = String(listener.addr.port);
    const ran = await mac.run(["metal", "--model", "M", "--port", port], {
      VLLM_METAL_USE_PAGED_ATTENTION: "0",
    });
    assert.equal(ran.code, 2);
    const sentence = ran.stderr.trim().split("\n").at(-1)!;
    assert.match(sentence, /takes a memory fraction only with paged attention \(unset it\)/);
    assert.match(sentence, /has no vLLM \(install vllm-metal with its installer/);
    assert.match(sentence, new RegExp(`port ${port} is taken`));
  });
});

Deno.test("doctor tells of Xcode and xctrace on a Mac, and not elsewhere", async () => {
  await onMac({ system: "Linux" }, async (mac) => {
    assert.doesNotMatch((await mac.run(["doctor"])).stdout, /Xcode/);
  });
  await onMac({ developer: "/Library/Developer/CommandLineTools" }, async (mac) => {
    const ran = await mac.run(["doctor"]);
    assert.match(ran.stdout, /^missing {2}Xcode +xcode-select points to the Command Line Tools/m);
    assert.match(ran.stdout, /^missing {2}xctrace/m);
    assert.match(ran.stdout, /they cannot open a GPU trace/);
  });
});
