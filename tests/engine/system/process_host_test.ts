import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { heard, type Ran } from "../../cli.ts";
import { inFolder } from "../../folders.ts";
import { running, until } from "../processes.ts";

const HOST = fileURLToPath(new URL("../fixtures/host.ts", import.meta.url));
const FAMILY = fileURLToPath(new URL("../fixtures/family.py", import.meta.url));
const linuxOnly = { ignore: Deno.build.os !== "linux" };

/** Starts the small vscope with the family; gives its process and the family's numbers. */
async function startFamily(
  dir: string,
  env: Record<string, string> = {},
): Promise<{ host: Deno.ChildProcess; pids: number[]; said: Ran; ended: Promise<Ran> }> {
  const host = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", HOST, `${dir}/log`, "python3", FAMILY, `${dir}/pids`],
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const read = async () =>
    (await Deno.readTextFile(`${dir}/pids`).catch(() => "")).split("\n").filter(Boolean).map(
      Number,
    );
  await until("the family is complete", 120_000, async () => (await read()).length === 5);
  const pids = await read();
  const environment = (pid: number) => Deno.readTextFile(`/proc/${pid}/environ`);
  await until(
    "one has written over its environment",
    120_000,
    async () => (await Promise.all(pids.map(environment))).some((text) => /^x+$/.test(text)),
  );
  assert.deepEqual(await running(pids), pids);
  return { host, pids, ...heard(host) };
}

Deno.test(
  "no process survives long after vscope was killed with SIGKILL",
  linuxOnly,
  async () => {
    await inFolder(async (dir) => {
      const { host, pids, ended } = await startFamily(dir);
      host.kill("SIGKILL");
      await ended;
      await until("all have ended", 120_000, async () => (await running(pids)).length === 0);
    });
  },
);

Deno.test(
  "Ctrl-C ends every process, also those that left the group and ignore TERM",
  linuxOnly,
  async () => {
    await inFolder(async (dir) => {
      const { host, pids, ended } = await startFamily(dir);
      host.kill("SIGINT");
      await ended;
      assert.deepEqual(await running(pids), []);
    });
  },
);

Deno.test(
  "a second Ctrl-C ends everything at once, with exit code 130, and an echo of the first does not",
  linuxOnly,
  async () => {
    await inFolder(async (dir) => {
      // Its first process takes its time.
      const { host, pids, said, ended } = await startFamily(dir, {
        FAMILY_LINGERS: "1",
        GRACE_MS: "3600000",
      });
      // As `timeout` does, which tells the process and then its group.
      host.kill("SIGINT");
      host.kill("SIGTERM");
      await until("it ends them", 120_000, () => /^ending$/m.test(said.stdout));
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.ok((await running(pids)).length > 0, "it still waits for them");
      host.kill("SIGINT");
      assert.equal((await ended).code, 130);
      await until("all have ended", 120_000, async () => (await running(pids)).length === 0);
    });
  },
);

Deno.test("a process's output goes to its files, and its end is told", async () => {
  await inFolder(async (dir) => {
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const process = await context.processes.start({
      argv: ["python3", "-c", "import os, sys; print(os.environ['X']); sys.exit('bad')"],
      env: { X: "y" },
      stdoutPath: `${dir}/out`,
      stderrPath: `${dir}/err`,
    });
    assert.deepEqual(await process.ended, { code: 1, signal: null });
    assert.equal(await Deno.readTextFile(`${dir}/out`), "y\n");
    assert.equal(await Deno.readTextFile(`${dir}/err`), "bad\n");
    await close();
  });
});

Deno.test("a process that inherits nothing has what it was given, and the mark of the run", async () => {
  await inFolder(async (dir) => {
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const given = { env: { ONLY: "this", PATH: Deno.env.get("PATH") }, inherit: false };
    const log = `${dir}/log`;
    const child = await context.processes.start({
      argv: ["env"],
      ...given,
      stdoutPath: log,
      stderrPath: log,
    });
    await child.ended;
    await child.end(0);
    const names = (text: string) =>
      text.trim().split("\n").map((line) => line.split("=")[0]).sort();
    const expected = ["ONLY", "PATH", "VSCOPE_RUN_ID"];
    assert.deepEqual(names(await Deno.readTextFile(log)), expected);
    assert.deepEqual(names((await context.processes.capture(["env"], given)).stdout), expected);
    await close();
  });
});

Deno.test("a program that is not there is bad input", async () => {
  await inFolder(async (dir) => {
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    await assert.rejects(
      context.processes.start({
        argv: ["no-such-program"],
        stdoutPath: `${dir}/o`,
        stderrPath: `${dir}/e`,
      }),
      { name: "UsageError" },
    );
    await close();
  });
});

Deno.test("a program that does not run the guard is started once more as one, and no further", async () => {
  await inFolder(async (dir) => {
    const program = `${dir}/program.ts`;
    // Until both have started, and then long enough for a third.
    const both = `until grep -c . ${dir}/starts | grep -q 2; do sleep 0.1; done; sleep 1`;
    const host = new URL("../../../kit/engine/system/process_host.ts", import.meta.url);
    await Deno.writeTextFile(
      program,
      `import { SystemProcessHost } from ${JSON.stringify(host.href)};
      Deno.writeTextFileSync(${JSON.stringify(`${dir}/starts`)}, "started\\n", { append: true });
      const child = await new SystemProcessHost().start({
        argv: ["sh", "-c", ${JSON.stringify(both)}], stdoutPath: ${JSON.stringify(`${dir}/log`)},
        stderrPath: ${JSON.stringify(`${dir}/log`)},
      });
      await child.ended;`,
    );
    const args = ["run", "-A", "--quiet", "--no-check", program];
    const { code } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.equal(code, 0);
    assert.equal(await Deno.readTextFile(`${dir}/starts`), "started\nstarted\n");
  });
});
