/** The image that Containerfile describes, as far as it can be made without a registry of images. */

import assert from "node:assert/strict";
import { loadYaml } from "../../kit/deps.ts";
import { build } from "../dev/build.ts";
import { ROOT } from "../dev/run.ts";
import { inFolder, namesIn } from "../folders.ts";
import { inImage, makeMountPoints, run } from "./image.ts";

/** A shell, Python and an init, with the libraries that they and Deno need: nothing else. */
const PACKAGES = [
  ...["base-files", "dash", "coreutils", "tar", "gzip", "sed", "tini"],
  ...["python3-minimal", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"],
  ...["libc6", "libgcc-s1", "libacl1", "libattr1", "libselinux1", "libpcre2-8-0", "libgmp10"],
  ...["libssl3", "zlib1g", "libexpat1", "libbz2-1.0", "liblzma5", "libffi8", "libsqlite3-0"],
  ...["libuuid1", "libcrypt1"],
];

/** Variables that Containerfile sets. */
const ENV = {
  PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
  VSCOPE_CACHE_DIR: "/opt/vscope",
  VLLM_PROFILING_DIR: "/bundles",
  HOME: "/tmp",
};

/** Unpacks Debian's packages into a root; false where that cannot be done. */
async function makeRoot(root: string, single: string): Promise<boolean> {
  const debs = `${root}.debs`;
  await Deno.mkdir(debs);
  const download = ["apt-get", "download", "-qq", "-o", "Acquire::Retries=5"];
  const got = await run([...download, ...PACKAGES], undefined, debs)
    .catch(() => undefined);
  if (got?.code !== 0) return false;
  for (const name of await namesIn(debs)) {
    assert.equal((await run(["dpkg-deb", "-x", `${debs}/${name}`, root])).code, 0, name);
  }
  await makeMountPoints(root);
  for (const folder of ["opt/vscope", "usr/local/bin"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  await Deno.copyFile(single, `${root}/usr/local/bin/vscope`);
  return true;
}

Deno.test({
  name:
    "in an image with nothing but Python: root read-only, an ordinary user, no network, an init",
  // Namespaces and another user's files need root.
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  async fn() {
    await inFolder(async (dir) => {
      assert.equal(await build(`${dir}/dist`), 0);
      const [root, bundles] = [`${dir}/root`, `${dir}/bundles`];
      assert.ok(
        await makeRoot(root, `${dir}/dist/vscope`),
        "Debian's packages cannot be downloaded",
      );
      await Deno.mkdir(bundles);
      await Deno.chown(bundles, 10001, 10001);
      const inside = (user: string, mode: "rw" | "ro", ...command: string[]) =>
        inImage({ root, bundles, env: ENV }, user, mode, ...command);
      const vscope = (...args: string[]) =>
        inside("10001:10001", "ro", "/usr/bin/tini", "--", "/usr/local/bin/vscope", ...args);

      // What the first stage does.
      const unpacked = await inside("0:0", "rw", "/usr/local/bin/vscope", "self-check");
      assert.match(unpacked.stdout, /as they were built/, unpacked.stderr);

      const written = await inside("0:0", "ro", "/bin/touch", "/opt/vscope/x");
      assert.match(written.stderr, /Read-only file system/);
      const checked = await vscope("self-check");
      assert.deepEqual([checked.code, checked.stderr], [0, ""]);
      assert.match((await vscope("quickstart", "--dry-run")).stdout, /Plan of quickstart/);
      const monitored = await vscope(
        ...["monitor", "--enable-profiling", "0", "--out", "/bundles/run1", "--"],
        ...[
          "python3",
          "-c",
          "import os; print(os.getuid(), len(os.listdir('/proc/self/net')) > 0)",
        ],
      );
      assert.deepEqual([monitored.code, monitored.stdout.split("\n")[0]], [0, "10001 True"]);
      assert.match((await vscope("report", "/bundles/run1")).stdout, /report\.html/);
      const valid = await vscope("bundle", "validate", "/bundles/run1");
      assert.match(valid.stdout, /nothing is wrong/);
      assert.equal((await Deno.stat(`${bundles}/run1/report.html`)).uid, 10001);
      const engine = await vscope("quickstart");
      assert.deepEqual([engine.code, engine.stdout], [1, ""]);
      assert.match(
        engine.stderr,
        /^vscope: Cannot make a private vLLM in \/opt\/vscope\/.*Read-only/m,
      );

      // What the Deployment's Python loads from the volume, with one variable.
      assert.equal((await vscope("hooks", "/bundles/hooks")).code, 0);
      const found = await inside(
        ...["10001:10001", "ro", "/usr/bin/env", "PYTHONPATH=/bundles/hooks"] as const,
        ...["/usr/bin/python3", "-c"],
        "from importlib.metadata import entry_points as e; " +
          "print(*[p.load().__module__ for p in e(group='vllm.general_plugins')])",
      );
      assert.deepEqual([found.code, found.stdout], [0, "vscope_hooks.plugin\n"], found.stderr);
    });
  },
});

Deno.test("the Kubernetes examples run without rights that they do not need, and agree with each other", async () => {
  const { load } = await loadYaml();
  const read = async (name: string) =>
    // deno-lint-ignore no-explicit-any -- documents of Kubernetes
    load(await Deno.readTextFile(`${ROOT}/docs/kubernetes/${name}`)) as any;
  const [job, hooks, patch] = [
    await read("job.yaml"),
    await read("hooks-job.yaml"),
    await read("deployment-patch.yaml"),
  ];
  for (const { spec } of [job.spec.template, hooks.spec.template]) {
    assert.equal(spec.containers.length, 1, "no sidecar");
    assert.deepEqual([spec.securityContext.runAsNonRoot, spec.securityContext.runAsUser], [
      true,
      10001,
    ]);
    const [{ securityContext, volumeMounts }] = spec.containers;
    assert.equal(securityContext.readOnlyRootFilesystem, true);
    assert.equal(securityContext.allowPrivilegeEscalation, false);
    const volumes = spec.volumes.map(({ name }: { name: string }) => name);
    for (const { name } of volumeMounts) assert.ok(volumes.includes(name), name);
  }
  const { containers, volumes } = patch.spec.template.spec;
  const [{ env, volumeMounts }] = containers;
  assert.deepEqual([env.length, volumeMounts.length, volumes.length], [1, 1, 1]);
  const claim = (list: typeof volumes) => list[0].persistentVolumeClaim.claimName;
  assert.equal(claim(volumes), claim(hooks.spec.template.spec.volumes));
  // The hooks lie where the variable says, and sessions go where vLLM's hooks put them by themselves.
  const written = hooks.spec.template.spec.containers[0].args[1].replace(/^\/bundles/, "");
  assert.equal(env[0].value, volumeMounts[0].mountPath + written);
  assert.equal(volumeMounts[0].mountPath, "/tmp/vllm_profiling");
});
