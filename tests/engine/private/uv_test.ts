/** uv on a machine whose Python has no pip, from an index on the loopback interface. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { findUv } from "../../../kit/engine/private/uv.ts";
import { inFolder } from "../../folders.ts";

const SCRIPT = fileURLToPath(
  new URL("../../../kit/engine/private/fetch_program.py", import.meta.url),
);

/** A wheel with a program that says its name. */
async function wheel(dir: string): Promise<Uint8Array<ArrayBuffer>> {
  const made = await new Deno.Command("python3", {
    args: [
      "-c",
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], 'w'); " +
      "z.writestr('uv-1.2.3.data/scripts/uv', '#!/bin/sh\\necho uv 1.2.3\\n'); " +
      "z.writestr('uv/__init__.py', ''); z.close()",
      `${dir}/uv.whl`,
    ],
  }).output();
  assert.ok(made.success);
  return await Deno.readFile(`${dir}/uv.whl`);
}

/** Runs the script against an index that has these files, and a list with this checksum. */
async function fetched(
  dir: string,
  given: { names: readonly string[]; listed: string; told: string; body: Uint8Array<ArrayBuffer> },
): Promise<{ path?: string; error?: string }> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    if (!request.url.endsWith("/simple/uv/")) return new Response(given.body);
    const files = given.names.map((filename) => ({
      filename,
      url: `../../files/${filename}`,
      hashes: { sha256: given.told },
    }));
    return Response.json({ files });
  });
  try {
    await Deno.writeTextFile(
      `${dir}/list.txt`,
      `uv==1.2.3 \\\n    --hash=sha256:${given.listed}\n`,
    );
    const { stdout } = await new Deno.Command("python3", {
      args: [SCRIPT, `${dir}/list.txt`, `${dir}/home`],
      env: { PIP_INDEX_URL: `http://127.0.0.1:${server.addr.port}/simple/` },
    }).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await server.shutdown();
  }
}

Deno.test("without pip uv is fetched, and only as the locked list says", async () => {
  await inFolder(async (dir) => {
    const body = await wheel(dir);
    const right = createHash("sha256").update(body).digest("hex");
    const names = ["manylinux_2_17", "musllinux_1_1", "macosx_11_0"].flatMap((system) =>
      ["x86_64", "aarch64", "arm64"].map((machine) => `uv-1.2.3-py3-none-${system}_${machine}.whl`)
    );
    const wrong = "0".repeat(64);
    const foreign = await fetched(dir, {
      names: ["uv-1.2.3.tar.gz"],
      listed: right,
      told: right,
      body,
    });
    assert.match(foreign.error!, /has no uv 1\.2\.3 for this machine/);
    const unlisted = await fetched(dir, { names, listed: wrong, told: right, body });
    assert.match(unlisted.error!, /has no uv 1\.2\.3/);
    // An index that tells one checksum and sends something else.
    const lying = await fetched(dir, { names, listed: wrong, told: wrong, body });
    assert.match(lying.error!, /is not what the locked list says/);
    assert.equal(await Deno.stat(`${dir}/home`).catch(() => undefined), undefined);

    const good = await fetched(dir, { names, listed: right, told: right, body });
    assert.deepEqual(good, { path: `${dir}/home/bin/uv` });
    const { stdout } = await new Deno.Command(`${dir}/home/bin/uv`).output();
    assert.equal(new TextDecoder().decode(stdout), "uv 1.2.3\n");
  });
});

Deno.test("a Python without pip is asked to fetch uv, and says why it could not", async () => {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  try {
    await inFolder(async (dir) => {
      const python = (await context.processes.capture([
        ...["python3", "-c", "import sys; print(sys.executable)"],
      ])).stdout.trim();
      await Deno.mkdir(`${dir}/bin`);
      // As Debian's python3 is: no pip, and no uv beside it.
      await Deno.writeTextFile(
        `${dir}/bin/python3`,
        `#!/bin/sh\n[ "$2" != pip ] || exit 1\nPIP_INDEX_URL=http://127.0.0.1:1/ exec ${python} "$@"\n`,
        { mode: 0o755 },
      );
      const env = { PATH: `${dir}/bin:/bin`, VSCOPE_CACHE_DIR: `${dir}/cache` };
      await assert.rejects(
        findUv({ ...context, env }),
        /Cannot fetch uv: URLError: .*refused.*; install uv, or name a Python/,
      );
    });
  } finally {
    await close();
  }
});
