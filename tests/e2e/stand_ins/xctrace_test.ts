import assert from "node:assert/strict";
import { isThere } from "../../../kit/contract/is_there.ts";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { TABLES, type XctraceSummary } from "../../../kit/analysis/xctrace/summary.ts";
import { ended } from "../../cli.ts";
import { running, until } from "../../engine/processes.ts";
import { namesIn } from "../../folders.ts";
import { freePort, type Mac, onMac } from "../../metal/mac.ts";
import { EXPORTS, toc } from "../../xctrace/exports.ts";

/** Records as xctrace does: until its time is up or an INT comes; a TERM loses the trace. */
const XCTRACE = `
import json, os, re, signal, subprocess, sys, time
home, mode = os.environ["FAKE_HOME"], os.environ.get("FAKE_XCTRACE", "ok")
words = sys.argv[1:]
def option(name):
    return words[words.index(name) + 1] if name in words else None
def launched(argv):
    """A service of the system starts it: no child, no mark in its environment. That is the test."""
    with open(home + "/launch.part", "w") as handle:
        json.dump(argv, handle)
    os.rename(home + "/launch.part", home + "/launch.json")
    while not os.path.exists(home + "/target.pid"):
        time.sleep(0.02)
if words[0] == "version":
    print("xctrace version 16.0 (17F113)")
elif words[0] == "record":
    stopped = []
    signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    print("Starting recording with the Metal System Trace template.", flush=True)
    target = None
    if "--launch" in words:
        argv = words[words.index("--launch") + 2 :]
        if mode == "leaves":
            launched(argv)
        else:
            target = subprocess.Popen(argv, start_new_session=True)
            with open(home + "/target.part", "w") as handle:
                handle.write(str(target.pid))
            os.rename(home + "/target.part", home + "/target.pid")
    limit = option("--time-limit")
    end = time.monotonic() + (int(limit[:-2]) / 1000 if limit else 3600)
    while time.monotonic() < end and not stopped:
        time.sleep(0.02)
        if target and target.poll() is not None:
            break
    if mode == "lost":
        sys.exit("Failed to start: the template is unknown")
    time.sleep(0.2)
    os.makedirs(option("--output") + "/Trace1.run")
    open(option("--output") + "/Trace1.run/data", "w").write("x" * 1000)
    print("Output file saved as: run.trace", flush=True)
    if target and target.poll() is None:
        target.kill()
        sys.exit(54)
elif words[0] == "export":
    schema = re.search('schema="([^"]+)"', option("--xpath") or "")
    name = schema.group(1) if schema else "toc"
    if mode == "stuck" and name == "time-profile":
        time.sleep(3600)
    if mode == "no-gpu" and name == "metal-gpu-intervals":
        sys.exit("Export failed: Document Missing Template Error")
    text = open(home + "/exports/" + name + ".xml").read()
    pid = open(home + "/target.pid").read() if os.path.exists(home + "/target.pid") else "42"
    open(option("--output"), "w").write(text.replace("@PID@", pid))
`;

/** A Mac with xctrace; `tables` are those that a trace has. */
async function recording(
  use: (mac: Mac) => Promise<void>,
  tables: readonly string[] = TABLES,
): Promise<void> {
  await onMac({}, async (mac) => {
    await Deno.writeTextFile(`${mac.dir}/xctrace.py`, XCTRACE);
    await Deno.writeTextFile(
      `${mac.dir}/bin/xctrace`,
      `#!/bin/sh\nexec python3 "${mac.dir}/xctrace.py" "$@"\n`,
    );
    await Deno.chmod(`${mac.dir}/bin/xctrace`, 0o755);
    await Deno.mkdir(`${mac.dir}/exports`);
    for (const [name, text] of Object.entries(EXPORTS)) {
      await Deno.writeTextFile(`${mac.dir}/exports/${name}.xml`, text);
    }
    const contents = toc(tables).replace('pid="42"', 'pid="@PID@"');
    await Deno.writeTextFile(`${mac.dir}/exports/toc.xml`, contents);
    mac.env["FAKE_HOME"] = mac.dir;
    await use(mac);
  });
}

async function summaryOf(out: string): Promise<XctraceSummary> {
  return JSON.parse(await Deno.readTextFile(`${out}/xctrace_summary.json`));
}

async function targetOf(mac: Mac): Promise<number> {
  return Number(await Deno.readTextFile(`${mac.dir}/target.pid`));
}

Deno.test("a bounded recording leaves the trace, its figures and their page", async () => {
  await recording(async (mac) => {
    const out = `${mac.dir}/run`;
    const ran = await mac.run([
      ...["xctrace", "--out", out, "--json", "--open", "--time-limit", "1s"],
      ...["--", "sleep", "3661.25"],
    ]);
    assert.equal(ran.code, 0, ran.stderr);
    const { status, trace, report } = JSON.parse(ran.stdout);
    assert.deepEqual([status, trace], ["complete", `${out}/run.trace`]);
    assert.deepEqual(await mac.opened(), [trace]);
    const { gpu, cpu, thermal, tables, contents } = await summaryOf(out);
    assert.equal(gpu!.busy_pct, 50);
    assert.equal(cpu!.processes[0]!.seconds, 2);
    assert.equal(thermal!.worst, "Serious");
    assert.ok(tables.every(({ note }) => note === undefined));
    assert.equal(contents.end_reason, "Time limit reached");
    const page = await Deno.readTextFile(report);
    for (
      const said of [
        /GPU on<\/span><b>50 %/,
        /The machine became too warm/,
        /What it cannot show/,
        new RegExp(`open ${trace}`),
      ]
    ) assert.match(page, said);
    const manifest = (await readManifest(Deno, out))!;
    assert.deepEqual(manifest.captures!.map(({ path }) => path), ["run.trace"]);
    assert.equal(manifest.versions.xcode, "16.0 (17F113)");
    assert.deepEqual(await validateBundle(Deno, out), []);
    for await (const entry of Deno.readDir(out)) {
      if (!entry.isFile) continue;
      const text = await Deno.readTextFile(`${out}/${entry.name}`);
      assert.doesNotMatch(text, /hf_secretsecret/, entry.name);
    }
  });
});

Deno.test("Ctrl-C is an INT to xctrace, which saves the trace; the bundle is interrupted and whole", async () => {
  await recording(async (mac) => {
    const out = `${mac.dir}/run`;
    const child = mac.start(["xctrace", "--out", out, "--", "sleep", "3662.25"]);
    await until("it records", 120_000, async () => (await namesIn(mac.dir)).includes("target.pid"));
    child.kill("SIGINT");
    const ran = await ended(child);
    assert.equal(ran.code, 130, ran.stderr);
    const manifest = (await readManifest(Deno, out))!;
    assert.equal(manifest.status, "interrupted");
    assert.equal((await summaryOf(out)).gpu!.busy_pct, 50);
    assert.deepEqual(await running([await targetOf(mac)]), []);
    assert.match(await Deno.readTextFile(`${out}/report.html`), /GPU on/);
  });
});

Deno.test("a server gets its requests, and the recording ends with them", async () => {
  await recording(async (mac) => {
    const out = `${mac.dir}/run`;
    const ran = await mac.run([
      ...["xctrace", "--out", out, "--requests", "5", "--model", "M", "--port", freePort()],
    ], { FAKE_METAL_LOG: `${mac.dir}/server.log` });
    assert.equal(ran.code, 0, ran.stderr);
    const log = await Deno.readTextFile(`${mac.dir}/server.log`);
    assert.equal(log.match(/^request /gm)?.length, 5);
    assert.equal((await readManifest(Deno, out))!.engine["model"], "served");
    assert.deepEqual(await running([await targetOf(mac)]), []);
  });
});

/** Starts what xctrace asks for as the system does: as no descendant of vscope, and without its mark. */
async function launch(mac: Mac): Promise<Deno.ChildProcess> {
  const request = `${mac.dir}/launch.json`;
  await until("xctrace asks", 60_000, () => isThere(Deno, request));
  const [program, ...args] = JSON.parse(await Deno.readTextFile(request)) as string[];
  const child = new Deno.Command(program!, {
    args,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH")! },
    stdin: "null",
  }).spawn();
  await Deno.writeTextFile(`${mac.dir}/target.part`, String(child.pid));
  await Deno.rename(`${mac.dir}/target.part`, `${mac.dir}/target.pid`);
  return child;
}

Deno.test("a process that xctrace leaves running is ended", async () => {
  await recording(async (mac) => {
    const recorded = mac.run(
      ["xctrace", "--out", `${mac.dir}/run`, "--time-limit", "1s", "--", "sleep", "3663.25"],
      { FAKE_XCTRACE: "leaves" },
    );
    const target = await launch(mac);
    const ran = await recorded;
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /Ending python3 \(\d+\), which xctrace left running/);
    assert.equal((await target.status).signal, "SIGTERM");
  });
});

Deno.test("a table that is missing, stuck or refused is left out, and said to be", async () => {
  const record = ["--time-limit", "1s", "--", "sleep", "3664.25"];
  await recording(async (mac) => {
    const out = `${mac.dir}/run`;
    const ran = await mac.run(["xctrace", "--out", out, ...record], { FAKE_XCTRACE: "no-gpu" });
    assert.equal(ran.code, 0, ran.stderr);
    const { gpu, thermal, tables } = await summaryOf(out);
    assert.equal(gpu?.busy_pct, undefined);
    assert.equal(thermal, undefined);
    const notes = Object.fromEntries(tables.map(({ table, note }) => [table, note]));
    assert.match(notes["metal-gpu-intervals"]!, /exit code 1: Export failed/);
    assert.equal(notes["device-thermal-state-intervals"], "the trace has no such table");
    assert.match(ran.stderr, /warning: The table metal-gpu-intervals is left out/);
  }, TABLES.filter((name) => name !== "device-thermal-state-intervals"));
  await recording(async (mac) => {
    const out = `${mac.dir}/run`;
    const bounds = ["--export-timeout", "6s", "--export-limit", "1500"];
    const ran = await mac.run(["xctrace", "--out", out, ...bounds, ...record], {
      FAKE_XCTRACE: "stuck",
    });
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /time-profile is left out: its export took longer than 6 s/);
    assert.match(ran.stderr, /metal-gpu-intervals is left out: its export became larger than/);
  });
});

Deno.test("no trace is a failure with the reason in the log; no xctrace starts nothing", async () => {
  await recording(async (mac) => {
    const out = `${mac.dir}/run`;
    const ran = await mac.run(["xctrace", "--out", out, "--time-limit", "1s", "--", "sleep", "1"], {
      FAKE_XCTRACE: "lost",
    });
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /ended with exit code 1/);
    assert.match(ran.stderr, /xctrace left no trace; look into/);
    assert.match(await Deno.readTextFile(`${out}/logs/stderr.log`), /the template is unknown/);
    assert.equal((await readManifest(Deno, out))!.status, "failed");
  });
  await onMac({ programs: { xctrace: "exit 72" } }, async (mac) => {
    const ran = await mac.run(["xctrace", "--", "sleep", "1"]);
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /xctrace cannot be run \(it comes with the full Xcode/);
    assert.deepEqual(await namesIn(`${mac.dir}/vscope-bundles`), []);
  });
});
