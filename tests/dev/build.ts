/**
 * `./dev build`: vscope as one file, `dist/vscope`.
 *
 * The file is a shell script with a compressed archive behind it, which holds the Deno binary and
 * all of our code. On its first run it unpacks itself into the user's cache. What is released is
 * compiled from the same code instead (compile.ts).
 *
 * @module
 */

import { ROOT, say } from "./run.ts";
import { hashOf, MAIN, makeStage, writeParts } from "./stage.ts";

/** The start of the file. POSIX shell; `@KEY@` and `@LINES@` are filled in. */
const STUB = `#!/bin/sh
# vscope as one file. Unpacks itself once into the cache, then runs from there.
set -eu
cache="\${VSCOPE_CACHE_DIR:-\${XDG_CACHE_HOME:-\${HOME:-/tmp/vscope-$(id -u)}/.cache}/vscope}"
home="$cache/single-@KEY@"
# What lies there is run: it has to be ours, or root's.
if [ -e "$home" ] && [ ! -O "$home" ]; then
  case $(ls -ldn "$home" | sed 's/^[^ ]* *[0-9]* *//') in "0 "*) ;; *)
    echo "vscope: Cannot run $home: it belongs to another user; set VSCOPE_CACHE_DIR to a folder of yours" >&2
    exit 2 ;;
  esac
fi
if [ ! -x "$home/deno" ]; then
  part="$home.part-$$"
  mask=$(umask)
  umask 077
  mkdir -p "$part"
  trap 'rm -rf "$part"' EXIT
  tail -n +@LINES@ "$0" | gzip -dc | tar -xf - -C "$part"
  mv "$part" "$home" 2>/dev/null || [ -x "$home/deno" ]
  rm -rf "$part"
  trap - EXIT
  umask "$mask"
fi
export DENO_DIR="\${DENO_DIR:-$cache/deno}" DENO_NO_UPDATE_CHECK=1
# Lazily: without that Deno reads every module that any command could import, before it begins.
exec "$home/deno" run --quiet -A --unstable-lazy-dynamic-imports --no-lock --no-config --cached-only "$home/${MAIN}" "$@"
`;

/** Builds the file into a folder; returns the exit code. */
export async function build(dist = `${ROOT}/dist`): Promise<number> {
  const stage = `${dist}/stage`;
  const staged = await makeStage(stage);
  if (staged !== 0) return staged;
  await Deno.copyFile(Deno.execPath(), `${stage}/deno`);
  await Deno.chmod(`${stage}/deno`, 0o755);
  await writeParts(stage, "one file that unpacks itself");
  const archive = `${dist}/archive.tar.gz`;
  const tar = await new Deno.Command("tar", {
    // The same contents make the same archive.
    args: [
      "--sort=name",
      "--owner=0",
      "--group=0",
      "--mtime=@0",
      "-I",
      "gzip -n -6",
      "-cf",
      archive,
      "-C",
      stage,
      ".",
    ],
  }).output();
  if (tar.code !== 0) {
    await say(new TextDecoder().decode(tar.stderr));
    return tar.code;
  }
  const stub = STUB.replace("@KEY@", (await hashOf(archive)).slice(0, 16));
  const head = stub.replace("@LINES@", String(stub.split("\n").length));
  const target = `${dist}/vscope`;
  await Deno.writeTextFile(target, head);
  const out = await Deno.open(target, { append: true });
  using packed = await Deno.open(archive);
  await packed.readable.pipeTo(out.writable);
  await Deno.chmod(target, 0o755);
  await Deno.remove(archive);
  await Deno.remove(stage, { recursive: true });
  await say(`dist/vscope: ${((await Deno.stat(target)).size / 1e6).toFixed(1)} MB`);
  return 0;
}
