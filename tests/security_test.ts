/** What must not get into a bundle, and what a bundle that somebody sent must not do. */

import assert from "node:assert/strict";
import { mergeSession } from "../kit/bundle/merge/merge.ts";
import { safeCell } from "../kit/bundle/files/safe_cell.ts";
import { requireUnshared } from "../kit/bundle/files/shared_folder.ts";
import { csvText } from "../kit/analysis/capture/flat_table.ts";
import { readVllmCommand } from "../kit/engine/server/vllm_command.ts";
import { serveTinyModel } from "../kit/engine/private/serve_command.ts";
import { recipes } from "../recipes/registry.ts";
import { generateReport } from "../kit/report/generate.ts";
import { readTable, writeRawSession } from "./bundle/raw.ts";
import { vscope } from "./cli.ts";
import { fc } from "./deps.ts";
import { ROOT } from "./dev/run.ts";
import { inFolder, namesIn } from "./folders.ts";

/** Paths of all files below a folder. */
async function filesBelow(dir: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) found.push(...await filesBelow(`${dir}/${name}`));
    else found.push(`${dir}/${name}`);
  }
  return found;
}

Deno.test("no token and no environment gets into a bundle: not by a log, the command, or a model's path", async () => {
  const token = `hf_${"s3Cr".repeat(8)}`;
  const planted = {
    HF_TOKEN: token,
    MY_SERVICE_PASSWORD: "planted-password-1",
    VLLM_API_KEY: "planted-key-2",
    SOME_SETTING: "planted-setting-3",
  };
  await inFolder(async (dir) => {
    const program = "import os, sys; e = os.environ; " +
      "print(e['HF_TOKEN'], {'api_key': [e['VLLM_API_KEY']], 'argv': sys.argv}); " +
      "print('Authorization: Bearer planted.bearer.4'); " +
      "print('password', e['MY_SERVICE_PASSWORD'], file=sys.stderr); " +
      "print('https://me:planted-word-5@host/', file=sys.stderr, end='')";
    const command = ["python3", "-c", program, "--api-key", "planted-flag-6"];
    const { code, stderr } = await vscope([
      ...["monitor", "--quiet", "--enable-profiling", "0", "--out", `${dir}/run`, "--"],
      ...[...command, "--hf-token=planted-flag-7", "--model", `/models/${token}/llama`],
    ], { env: planted, cwd: dir });
    assert.equal(code, 0, stderr);
    await generateReport(Deno, `${dir}/run`);
    const paths = await filesBelow(`${dir}/run`);
    assert.ok(paths.length >= 5, paths.join());
    const log = await Deno.readTextFile(`${dir}/run/logs/stdout.log`);
    assert.match(log, /^\(secret\) \{'api_key': \['\(secret\)'\]/);
    for (const path of paths) {
      const text = await Deno.readTextFile(path);
      for (const secret of [token, "planted-"]) {
        assert.ok(!text.includes(secret), `${path}: ${secret}`);
      }
      assert.ok(!text.includes("planted.bearer"), path);
    }
  });
});

Deno.test("a model's path that holds a token is written without it by the hooks", async () => {
  await inFolder(async (dir) => {
    const token = `hf_${"s3Cr".repeat(8)}`;
    const child = new Deno.Command("python3", {
      args: [
        "-c",
        "import sys; from vscope_hooks.session import write_json; write_json(sys.argv[1], " +
        "{'engine': {'model': sys.argv[2], 'other': '/data/hf_checkpoints'}})",
        `${dir}/process.json`,
        `/models/${token}/llama`,
      ],
      env: { PYTHONPATH: `${ROOT}/hooks`, PYTHONDONTWRITEBYTECODE: "1" },
    });
    assert.ok((await child.output()).success);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(`${dir}/process.json`)), {
      engine: { model: "/models/(secret)/llama", other: "/data/hf_checkpoints" },
    });
  });
});

Deno.test("a cell that a spreadsheet would run is text, and a number stays one", () => {
  for (const cell of ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1"]) {
    assert.equal(safeCell(cell), `'${cell}`);
  }
  for (const cell of ["-5", "-1.5e3", "+7", "", "a=b", "-inf", "-"]) {
    assert.equal(safeCell(cell), cell === "-" ? "'-" : cell);
  }
  fc.assert(fc.property(fc.double(), (value) => safeCell(value) === String(value)));
  fc.assert(fc.property(fc.string(), (text) => {
    const cell = safeCell(text);
    return Number.isFinite(Number(cell)) || !/^[=+@\t\r]/.test(cell);
  }));
  const table = { header: ["name", "ns"], rows: [['=HYPERLINK("http://x")', -3]] };
  assert.equal(
    csvText(table as Parameters<typeof csvText>[0]),
    'name,ns\n"\'=HYPERLINK(""http://x"")",-3\n',
  );
});

Deno.test("the name that a client gave its request is no formula in the merged tables", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, {
      "engine_core-1": {
        tables: {
          request_events: "timestamp_sec,request_id,event,status\n" +
            "1,=1+cmd|x,queued,\n2,=1+cmd|x,finished,stop\n",
        },
      },
    });
    await mergeSession(Deno, dir);
    const [request] = await readTable(`${dir}/request_lifecycle.csv`);
    assert.equal(request!["request_id"], "'=1+cmd|x");
  });
});

Deno.test("nothing outside is written through the links of a bundle that somebody sent", async () => {
  await inFolder(async (parent) => {
    const [dir, outside] = [`${parent}/bundle`, `${parent}/outside`];
    await writeRawSession(dir, { "engine_core-1": {} });
    await mergeSession(Deno, dir);
    await generateReport(Deno, dir);
    const names = (await namesIn(dir)).filter((name) => name !== "processes");
    await Deno.mkdir(outside);
    for (const name of names) {
      await Deno.copyFile(`${dir}/${name}`, `${outside}/${name}`);
      const text = name.endsWith(".json") ? undefined : "mine";
      if (text) await Deno.writeTextFile(`${outside}/${name}`, text);
      await Deno.remove(`${dir}/${name}`);
      await Deno.symlink(`${outside}/${name}`, `${dir}/${name}`);
      // A name that a hurried writer may use on its way.
      await Deno.symlink(`${outside}/${name}`, `${dir}/${name}.${Deno.pid}.tmp`);
    }
    const before = await Promise.all(names.map((name) => Deno.readTextFile(`${outside}/${name}`)));
    await mergeSession(Deno, dir);
    await generateReport(Deno, dir);
    const after = await Promise.all(names.map((name) => Deno.readTextFile(`${outside}/${name}`)));
    assert.deepEqual(after, before);
    assert.ok((await Deno.lstat(`${dir}/report.html`)).isFile);

    await Deno.symlink(outside, `${dir}/moe_expert_tracking`);
    await assert.rejects(mergeSession(Deno, dir), /"moe_expert_tracking" in it is a link/);
    assert.deepEqual(await namesIn(outside), names);
  });
});

Deno.test({
  name: "nothing that is run is put where another user has made the folder",
  // Only root can make a folder of somebody else's.
  ignore: Deno.uid() !== 0,
  async fn() {
    await inFolder(async (parent) => {
      await Deno.chmod(parent, 0o1777);
      await Deno.mkdir(`${parent}/theirs`);
      await Deno.chown(`${parent}/theirs`, 12345, 12345);
      const { code, stderr } = await vscope([
        ...["monitor", "--enable-profiling", "0", "--out", `${parent}/theirs/run`],
        ...["--", "python3", "-c", ""],
      ]);
      assert.equal(code, 2);
      assert.match(stderr, /belongs to another user \(uid 12345\), who could change what is run/);
      const hooks = await vscope(["hooks", `${parent}/theirs/hooks`]);
      assert.equal(hooks.code, 2);
      assert.deepEqual(await namesIn(`${parent}/theirs`), []);
      await requireUnshared(Deno, `${parent}/ours/run`);
    });
  },
});

Deno.test("hooks are writable by their owner alone, whatever the umask is", async () => {
  await inFolder(async (dir) => {
    const umask = Deno.umask(0);
    try {
      assert.equal((await vscope(["hooks", `${dir}/hooks`])).code, 0);
    } finally {
      Deno.umask(umask);
    }
    for (const path of [...await filesBelow(`${dir}/hooks`), `${dir}/hooks/vscope_hooks`]) {
      assert.equal((await Deno.stat(path)).mode! & 0o022, 0, path);
    }
  });
});

Deno.test("the page says of every recipe what it starts and reaches", async () => {
  const page = await Deno.readTextFile(`${ROOT}/docs/security.md`);
  const first = page.split("\n").filter((line) => line.startsWith("| `")).map((line) =>
    line.split("|")[1]
  ).join();
  for (const { name } of recipes) assert.ok(first.includes(`\`${name}\``), name);
});

Deno.test("a server that vscope starts by itself listens on the loopback interface", () => {
  const { argv } = serveTinyModel(["vllm"], "/m", 8000);
  assert.equal((readVllmCommand(argv) as { host?: string }).host, "127.0.0.1");
});
