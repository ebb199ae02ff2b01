/** Debian's Prometheus and promtool, in the cache; nothing where neither they nor apt are. */

import { isThere } from "../../kit/contract/is_there.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { cacheFolder } from "../../kit/engine/private/cache.ts";

/** Folder of both programs. */
export async function prometheusFolder(): Promise<string | undefined> {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  try {
    const dir = `${cacheFolder(context.env)}/prometheus-debian`;
    const programs = `${dir}/usr/bin`;
    if (await isThere(Deno, `${programs}/promtool`)) return programs;
    await Deno.mkdir(dir, { recursive: true });
    const run = (argv: string[]) =>
      new Deno.Command(argv[0]!, { args: argv.slice(1), cwd: dir, stdout: "null", stderr: "null" })
        .output().then(({ success }) => success, () => false);
    if (!await run(["apt-get", "download", "prometheus"])) return undefined;
    for await (const { name } of Deno.readDir(dir)) {
      if (name.endsWith(".deb") && await run(["dpkg", "-x", name, "."])) return programs;
    }
    return undefined;
  } finally {
    await close();
  }
}
