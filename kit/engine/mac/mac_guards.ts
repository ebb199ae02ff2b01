/**
 * Guards of everything that needs a Mac: the machine, and the full Xcode.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { GuardRecord } from "../../bundle/metal_record.ts";
import { ask } from "./guard.ts";

/** How Xcode's tools are pointed to the full Xcode. */
const SELECT_XCODE = "sudo xcode-select -s /Applications/Xcode.app/Contents/Developer";

/** Whether this is macOS, whatever the chip. */
export async function isMac(context: RunContext): Promise<boolean> {
  return await ask(context, "uname", "-s") === "Darwin";
}

/** macOS on Apple Silicon. */
export async function platformGuard(context: RunContext): Promise<GuardRecord> {
  const name = "platform";
  const system = await ask(context, "uname", "-s") ?? "an unknown system";
  const machine = await ask(context, "uname", "-m") ?? "an unknown processor";
  if (system !== "Darwin") {
    return {
      name,
      outcome: "refused",
      found: `this is ${system} on ${machine}, and Metal is Apple's`,
      remedy: "run it on a Mac with Apple Silicon; --dry-run shows the plan anywhere",
    };
  }
  if (machine !== "arm64") {
    return {
      name,
      outcome: "refused",
      found: `this Mac says that it is ${machine}, and vllm-metal needs Apple Silicon`,
      remedy: "on an Apple Silicon Mac, leave Rosetta: open a terminal that runs as arm64",
    };
  }
  const version = await ask(context, "sw_vers", "-productVersion");
  return version === undefined
    ? { name, outcome: "unknown", found: "Apple Silicon; sw_vers does not tell the version" }
    : { name, outcome: "ok", found: `macOS ${version} on Apple Silicon`, version };
}

/** The full Xcode, chosen with xcode-select: the Command Line Tools lack what opens a trace. */
export async function xcodeGuard(context: RunContext): Promise<GuardRecord> {
  const name = "xcode";
  const folder = await ask(context, "xcode-select", "-p");
  if (!folder) {
    return {
      name,
      outcome: "refused",
      found: "xcode-select names no developer folder",
      remedy: `install the full Xcode from the App Store, then ${SELECT_XCODE}`,
    };
  }
  if (folder.includes("CommandLineTools")) {
    return {
      name,
      outcome: "refused",
      found: `xcode-select points to the Command Line Tools alone ("${folder}")`,
      remedy: `they cannot open a GPU trace: install the full Xcode, then ${SELECT_XCODE}`,
    };
  }
  const isXcode = /\.app\/Contents\/Developer\/?$/.test(folder);
  const there = await context.files.stat(folder).then((stat) => stat.isDirectory, () => false);
  if (!isXcode || !there) {
    return {
      name,
      outcome: "refused",
      found: `xcode-select points to "${folder}", which is ${isXcode ? "not there" : "no Xcode"}`,
      remedy: SELECT_XCODE,
    };
  }
  return { name, outcome: "ok", found: folder };
}

/** `xctrace`, which comes with the full Xcode. */
export async function xctraceGuard(context: RunContext): Promise<GuardRecord> {
  const version = await ask(context, "xctrace", "version");
  return version === undefined
    ? {
      name: "xctrace",
      outcome: "refused",
      found: "xctrace cannot be run",
      remedy: `it comes with the full Xcode: install it, then ${SELECT_XCODE}`,
    }
    : {
      name: "xctrace",
      outcome: "ok",
      found: version,
      version: version.replace(/^xctrace version /, ""),
    };
}
