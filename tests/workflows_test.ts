/** The workflows for a forge: what they name exists here, and they may do no more than they need. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { loadYaml } from "../kit/deps.ts";
import { VERSION } from "../kit/contract/version.ts";
import { compileStage, stageToCompile } from "./dev/compile.ts";
import { releaseAsked } from "./dev/release.ts";
import { ROOT } from "./dev/run.ts";
import { compileArguments, fileOf, TARGETS } from "./dev/targets.ts";
import { inFolder, namesIn } from "./folders.ts";

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Job {
  uses?: string;
  needs?: string | string[];
  "runs-on"?: string;
  "timeout-minutes"?: number;
  permissions?: Record<string, string>;
  strategy?: { matrix: { include: { target: string; system: string }[] } };
  steps?: Step[];
}

interface Workflow {
  on: { push?: { tags?: string[] } };
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const FOLDER = `${ROOT}/.github/workflows`;

async function workflow(name: string): Promise<Workflow> {
  const { load } = await loadYaml();
  return load(await Deno.readTextFile(`${FOLDER}/${name}`)) as Workflow;
}

const read = (path: string) => Deno.readTextFile(`${ROOT}/${path}`);

/** Every step of every job of every workflow. */
async function steps(): Promise<Step[]> {
  const found: Step[] = [];
  for (const name of await namesIn(FOLDER)) {
    for (const job of Object.values((await workflow(name)).jobs)) found.push(...job.steps ?? []);
  }
  return found;
}

Deno.test("workflows may read alone; the one job that publishes says what else it may", async () => {
  for (const name of await namesIn(FOLDER)) {
    const { permissions, jobs } = await workflow(name);
    assert.deepEqual(permissions, { contents: "read" }, name);
    for (const [id, job] of Object.entries(jobs)) {
      const more = name === "release.yml" && id === "publish"
        ? { contents: "write", "id-token": "write", attestations: "write" }
        : undefined;
      assert.deepEqual(job.permissions, more, id);
      if (job.uses) assert.ok(await Deno.stat(`${ROOT}/${job.uses}`), job.uses);
      else assert.ok(job["timeout-minutes"]! > 0, id);
    }
  }
});

Deno.test("actions are pinned by commit, each to one, and leave no token behind", async () => {
  const commits = new Map<string, string>();
  for (const { uses, with: options } of await steps()) {
    if (!uses) continue;
    const [, action, commit] = /^(actions\/[\w-]+)@([0-9a-f]{40})$/.exec(uses) ?? [];
    assert.ok(action && commit, uses);
    assert.equal(commits.get(action) ?? commit, commit, action);
    commits.set(action, commit);
    if (action === "actions/checkout") assert.equal(options?.["persist-credentials"], false);
  }
  assert.ok(commits.size >= 4);
});

Deno.test("every command of ours that a workflow runs is there, and text from outside reaches no shell", async () => {
  const tasks = await read("tests/dev/main.ts");
  const files = new Set<string>();
  for (const { run = "" } of await steps()) {
    assert.doesNotMatch(run, /\$\{\{/, "a shell gets values by its environment");
    for (const [, task] of run.matchAll(/\.\/dev (\w+)/g)) {
      assert.match(tasks, new RegExp(`^ {2}${task}: `, "m"), task);
    }
    for (const [path] of run.matchAll(/(?:\.ci|tests)\/[\w./-]+/g)) files.add(path);
  }
  for (const path of files) assert.ok((await Deno.stat(`${ROOT}/${path}`)).isFile, path);
  assert.ok(files.has(".ci/run"));
});

Deno.test("Deno has one version, wherever it comes from", async () => {
  const [, script] = /^deno_version=([\d.]+)$/m.exec(await read("bootstrap.sh"))!;
  const [, list] = /^deno==([\d.]+) /m.exec(await read("bootstrap.requirements.txt"))!;
  assert.deepEqual([script, list], [list, script]);
  // Workflows fetch it as anyone does, by the checksums of that list.
  for (const { uses = "", run = "" } of await steps()) assert.doesNotMatch(uses + run, /\bdeno\b/);
  // A denort of another version would not fit the Deno that compiles.
  if (Deno.execPath().includes("/vscope/deno-")) assert.equal(Deno.version.deno, script);
});

Deno.test("a release is tested, made for every system, tried on each, and then signed and published", async () => {
  const { on, jobs } = await workflow("release.yml");
  const { build, try: tried, publish } = jobs;
  assert.deepEqual(on.push!.tags, ["v*.*.*"]);
  assert.match(`v${VERSION}`, /^v\d+\.\d+\.\d+$/);
  assert.match(
    build!.steps!.map(({ run }) => run).join(),
    /--tag "\$GITHUB_REF_NAME" --target all/,
  );
  const matrix = tried!.strategy!.matrix.include;
  assert.deepEqual(matrix.map(({ target }) => target), TARGETS.map(({ name }) => name));
  for (const { name, os, arch } of TARGETS) {
    const { system } = matrix.find(({ target }) => target === name)!;
    assert.ok(system.startsWith({ linux: "ubuntu", darwin: "macos", windows: "windows" }[os]));
    const intel = os === "darwin" ? system.endsWith("-intel") : !system.endsWith("-arm");
    assert.equal(intel, arch === "x86_64", system);
  }
  assert.deepEqual(publish!.needs, ["test", "build", "try"]);
  const attested = publish!.steps!.filter(({ uses }) => uses?.startsWith("actions/attest@"));
  assert.deepEqual(attested.map((step) => step.with!["subject-checksums"]), [
    "release/SHA256SUMS",
    "release/SHA256SUMS",
  ]);
  assert.equal(attested[1]!.with!["sbom-path"], "release/sbom.cdx.json");
});

Deno.test("a release is of the version that its tag names, and a system is one that there is", () => {
  const all = releaseAsked(["--tag", `v${VERSION}`, "--target", "all"]);
  assert.deepEqual(all, { targets: [...TARGETS] });
  assert.deepEqual(releaseAsked(["--dry-run"]), { targets: [] });
  assert.match(
    releaseAsked(["--tag", "v9.9.9", "--target", "all"]) as string,
    /^Cannot release "v9\.9\.9": the version of this checkout is \d/,
  );
  for (
    const args of [[], ["--tag"], ["--tag", `v${VERSION}`], ["--dry-run", "--target", "plan9"]]
  ) {
    assert.match(releaseAsked(args) as string, /^Usage: /, args.join(" "));
  }
  assert.equal(new Set(TARGETS.map((target) => fileOf(target, VERSION))).size, TARGETS.length);
  assert.match(fileOf(TARGETS.at(-1)!), /\.exe$/);
});

Deno.test("what is compiled may do what recipes need on that system, and asks for nothing", () => {
  for (const target of TARGETS) {
    const args = compileArguments(target, "/stage", "/out");
    const allowed = args.filter((arg) => arg.startsWith("--allow"));
    assert.equal(allowed.includes("--allow-all"), target.os === "linux", target.name);
    assert.ok(!allowed.some((flag) => /ffi|import/.test(flag)));
    assert.ok(args.includes("--no-prompt"));
    assert.deepEqual(args.slice(args.indexOf("--target"))[1], target.triple);
  }
});

Deno.test({
  name: "deno compile takes the arguments and embeds our code, its licences and its parts",
  // A Deno of Linux stands in for its runtime part: what comes out has all that goes into a release
  // and does not run.
  ignore: Deno.build.os !== "linux",
  async fn() {
    await inFolder(async (dir) => {
      const [stage, output] = [`${dir}/stage`, `${dir}/vscope`];
      assert.ok(await stageToCompile(stage));
      const compile = (name: string, env: Record<string, string>) =>
        compileStage(TARGETS.find((target) => target.name === name)!, stage, output, env);

      // Nothing listens there, and nothing is cached.
      const offline = { HTTPS_PROXY: "http://127.0.0.1:1", DENO_DIR: `${dir}/deno` };
      assert.equal(await compile("macos-arm64", offline), "no runtime part");
      assert.ok(!(await namesIn(dir)).includes("vscope"));

      assert.equal(await compile("linux-arm64", { DENORT_BIN: Deno.execPath() }), "compiled");
      // Ours stands behind the runtime part, which is long.
      const runtime = await Deno.stat(Deno.execPath());
      const bytes = Buffer.from((await Deno.readFile(output)).buffer, runtime.size);
      const texts = ["one file, compiled", "fastest-levenshtein 1.0.16\nLicence: MIT"];
      for (const text of [...texts, "Apache License"]) assert.ok(bytes.includes(text), text);
    });
  },
});
