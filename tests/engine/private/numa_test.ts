/** libnuma for a Python whose machine has none, from a package on the loopback interface. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { ensureNuma } from "../../../kit/engine/private/numa.ts";
import { inFolder } from "../../folders.ts";
import { emptyPython } from "./empty_python.ts";

/** Makes a package as Debian's are: `ar` with a compressed tar, in it the library and other files. */
const MAKE_PACKAGE = `
import io, sys, tarfile
library = open(sys.argv[1], "rb").read()
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode="w:xz") as files:
    for name, body in [("./usr/share/doc/copyright", b"x"), ("./usr/lib/x/libnuma.so.1.0.0", library)]:
        entry = tarfile.TarInfo(name); entry.size = len(body); files.addfile(entry, io.BytesIO(body))
    link = tarfile.TarInfo("./usr/lib/x/libnuma.so.1"); link.type = tarfile.SYMTYPE
    link.linkname = "libnuma.so.1.0.0"; files.addfile(link)
out = open(sys.argv[2], "wb"); out.write(b"!<arch>\\n")
for name, body in [(b"debian-binary", b"2.0\\n"), (b"control.tar.xz", b"odd"), (b"data.tar.xz", tar.getvalue())]:
    out.write(name.ljust(48) + str(len(body)).encode().ljust(10) + b"\`\\n" + body + b"\\n" * (len(body) % 2))
`;

async function python(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stderr));
  return decoder.decode(stdout).trim();
}

/** Any library will do: the script asks for nothing but that it can be loaded. */
const LIBRARY = "import ctypes; ctypes.CDLL('libm.so.6'); " +
  "print(next(line.split()[-1] for line in open('/proc/self/maps') if '/libm' in line))";

Deno.test({
  name: "a machine without libnuma: the checked package's goes into the environment, and is loaded",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const said: string[] = [];
    const output = { ...context.output, note: (text: string) => void said.push(text) };
    try {
      await inFolder(async (dir) => {
        const packages = await emptyPython(`${dir}/env`);
        const environment = `${dir}/env/bin/python`;
        const library = await python(environment, "-c", LIBRARY);
        await python("python3", "-c", MAKE_PACKAGE, library, `${dir}/numa.deb`);
        const body = await Deno.readFile(`${dir}/numa.deb`);
        const sha256 = createHash("sha256").update(body).digest("hex");
        const start = `${packages}/libnuma.pth`;
        // This machine may have one: the script then finds none of that name.
        await Deno.writeTextFile(
          `${dir}/blind`,
          `#!/bin/sh\nscript=$(printf %s "$2" | sed 's/ctypes.CDLL(NAME)/raise OSError/')\nshift 2\n` +
            `exec ${environment} -c "$script" "$@"\n`,
          { mode: 0o755 },
        );
        const server = Deno.serve(
          { hostname: "127.0.0.1", port: 0, onListen() {} },
          () => new Response(body),
        );
        const url = `http://127.0.0.1:${server.addr.port}/numa.deb`;
        const ask = (from: { url: string; sha256: string }) =>
          ensureNuma({ ...context, output }, `${dir}/blind`, from);
        try {
          await assert.rejects(
            ask({ url, sha256: "0".repeat(64) }),
            /needs libnuma, .* is not what vscope was built with\); install libnuma1/,
          );
          await assert.rejects(Deno.stat(start));
          await ask({ url, sha256 });
        } finally {
          await server.shutdown();
        }
        assert.match(said.join("\n"), /^libnuma is not installed: it is taken from http/);
        assert.deepEqual(
          await Deno.readFile(`${dir}/env/lib/libnuma.so.1`),
          await Deno.readFile(library),
        );
        const maps = "print(any('libnuma' in line for line in open('/proc/self/maps')))";
        assert.equal(await python(environment, "-c", maps), "True");
        await assert.rejects(ask({ url, sha256 }), /ConnectionRefused|refused/);
      });
    } finally {
      await close();
    }
  },
});
