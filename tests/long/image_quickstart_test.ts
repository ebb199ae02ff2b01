/** `quickstart` to its end where there is nothing but Debian's least and python3: no Deno, no pip, no node. */

import assert from "node:assert/strict";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { build } from "../dev/build.ts";
import { ROOT } from "../dev/run.ts";
import { inImage, makeMountPoints, run } from "../e2e/image.ts";
import { inFolder, namesIn } from "../folders.ts";

/** An ordinary user, and all that its environment has. */
const [USER, ID] = ["10001:10001", 10001];
const ENV = { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin", HOME: "/home/user", LANG: "C.UTF-8" };

/** Certificates of this machine: its way to the registries may lead through a proxy. */
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** A Debian of the smallest variant, python3 and certificates, made with mmdebstrap. */
async function makeDebian(dir: string): Promise<string> {
  const root = `${dir}/root`;
  await Deno.mkdir(`${dir}/tool`);
  let mmdebstrap = "mmdebstrap";
  if (!(await run(["sh", "-c", "command -v mmdebstrap"])).stdout) {
    const got = await run(["apt-get", "download", "-qq", "mmdebstrap"], undefined, `${dir}/tool`);
    assert.equal(got.code, 0, got.stderr);
    const [archive] = await namesIn(`${dir}/tool`);
    const unpacked = await run(["dpkg-deb", "-x", `${dir}/tool/${archive}`, `${dir}/tool`]);
    assert.equal(unpacked.code, 0, unpacked.stderr);
    mmdebstrap = `${dir}/tool/usr/bin/mmdebstrap`;
  }
  const made = await run([
    mmdebstrap,
    ...["--mode=root", "--variant=minbase", "--include=python3,ca-certificates"],
    ...["bookworm", root],
  ]);
  assert.equal(made.code, 0, made.stderr);
  await makeMountPoints(root);
  for (const file of ["/etc/resolv.conf", "/etc/hosts", CERTIFICATES]) {
    await Deno.copyFile(file, root + file);
  }
  await Deno.mkdir(root + ENV.HOME);
  await Deno.chown(root + ENV.HOME, ID, ID);
  return root;
}

/** The checkout as a clone of it would be. */
async function copyCheckout(target: string): Promise<void> {
  const listed = await run(["git", "ls-files", "-z"], undefined, ROOT);
  for (const path of listed.stdout.split("\0").filter((path) => path !== "")) {
    await Deno.mkdir(`${target}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(`${ROOT}/${path}`, `${target}/${path}`);
  }
}

Deno.test({
  name: "in a Debian with python3 alone, a clone and the single file run quickstart to its end",
  // Namespaces and another user's files need root.
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  async fn(t) {
    await inFolder(async (dir) => {
      const root = await makeDebian(dir);
      const bundles = `${dir}/bundles`;
      await Deno.mkdir(bundles);
      await Deno.chown(bundles, ID, ID);
      // The certificates that this machine trusts, for Python, uv and Deno.
      const env = { ...ENV, SSL_CERT_FILE: CERTIFICATES, DENO_TLS_CA_STORE: "system" };
      const inside = (...command: string[]) =>
        inImage({ root, bundles, env, network: true }, USER, "rw", ...command);

      for (const program of ["deno", "node", "npm", "pip3", "uv", "gcc", "curl"]) {
        assert.notEqual((await inside("sh", "-c", `command -v ${program}`)).code, 0, program);
      }
      const pip = await inside("python3", "-m", "pip", "--version");
      assert.match(pip.stderr, /No module named pip/);

      const check = async (ran: Awaited<ReturnType<typeof run>>, name: string) => {
        assert.equal(ran.code, 0, ran.stderr.slice(-4000));
        const outcome = JSON.parse(ran.stdout);
        assert.equal(outcome.status, "complete");
        const bundle = `${bundles}/${name}`;
        assert.deepEqual(await validateBundle(Deno, bundle), []);
        const requests = JSON.parse(await Deno.readTextFile(`${bundle}/client_requests.json`));
        assert.ok(requests.length > 0 && requests.every(({ ok }: { ok: boolean }) => ok));
        assert.ok((await Deno.stat(`${bundle}/report.html`)).size > 100_000);
      };

      await t.step("a clone, which fetches Deno, its packages, uv and vLLM", async () => {
        await copyCheckout(`${root}/opt/checkout`);
        const args = ["quickstart", "--json", "--out", "/bundles/clone"];
        const ran = await inside("/opt/checkout/vscope", ...args);
        await check(ran, "clone");
        assert.match(ran.stderr, /fetching Deno/);
        assert.match(ran.stderr, /No vLLM was found: making a private one/);
      });

      await t.step("the single file, with the vLLM that is there now", async () => {
        assert.equal(await build(`${dir}/dist`), 0);
        await Deno.copyFile(`${dir}/dist/vscope`, `${root}/usr/local/bin/vscope`);
        const args = ["quickstart", "--json", "--model", "tiny-moe", "--out", "/bundles/single"];
        await check(await inside("/usr/local/bin/vscope", ...args), "single");
      });
    });
  },
});
