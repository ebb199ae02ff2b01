/**
 * Proof that the files of NVIDIA's profilers hold no environment that is not meant for them.
 *
 * Two secrets are planted: one in the environment that a program under them would inherit, one in that
 * of a process beside it (nsys reads the environments of processes that it did not start, seen with
 * 2025.3). Neither may be found in a file that is kept; nor may the variables of vscope's own
 * environment.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { FileSystem, RunContext, RunningProcess } from "../../contract/context.ts";
import { isSecret, secretsInArgv } from "../../bundle/unsecret.ts";
import { type AllowedEnvironment, allowedEnvironment } from "./environment.ts";

/** Variable that holds a planted secret. */
export const PLANT = "VSCOPE_PLANTED_SECRET";

/** A text that must not be in a file. */
export interface Needle {
  text: string;
  /** What it is, for messages; never its value. */
  what: string;
}

/** Texts of the two planted secrets: for the environment that would be inherited, for the other. */
export type Planted = readonly [own: string, beside: string];

/** What is planted, and what else must not be found. */
export interface Plants {
  planted: Planted;
  /** The environment for the profiler. */
  environment: AllowedEnvironment;
  needles: readonly Needle[];
  /** Starts the process beside the profiler that carries the other secret. */
  neighbour(context: RunContext): Promise<RunningProcess>;
}

/** Shorter values are found anywhere by chance. */
const SHORTEST_SECRET = 8;
const SHORTEST_VARIABLE = 12;
/** So much of a long variable is looked for. */
const LONGEST = 200;

/**
 * Plants the secrets.
 *
 * @param passed Names of variables that a person lets pass.
 * @param argv The command, whose secret options must not be found either.
 * @param planted What a recording was made with, where that is over.
 */
export function plantSecrets(
  inherited: Readonly<Record<string, string>>,
  passed: readonly string[],
  argv: readonly string[],
  planted: Planted = [newSecret(), newSecret()],
): Plants {
  const [own, beside] = planted;
  const environment = allowedEnvironment({ ...inherited, [PLANT]: own }, passed);
  const needles: Needle[] = [
    { text: own, what: "the secret planted in the inherited environment" },
    { text: beside, what: "the secret planted in the environment of another process" },
  ];
  for (const [name, value] of Object.entries(inherited)) {
    if (isSecret(name, value) && value.length >= SHORTEST_SECRET) {
      needles.push({ text: value, what: `the value of ${name}` });
    } else if (name in environment.left && name.length + value.length >= SHORTEST_VARIABLE) {
      needles.push({ text: `${name}=${value}`.slice(0, LONGEST), what: `the variable ${name}` });
    }
  }
  for (const secret of secretsInArgv(argv)) {
    if (secret.length < SHORTEST_SECRET) continue;
    needles.push({ text: secret, what: "a secret argument of the command" });
  }
  return {
    planted,
    environment,
    needles,
    neighbour: (context) =>
      context.processes.start({
        argv: ["sleep", "86400"],
        env: { PATH: inherited["PATH"] ?? "/usr/bin:/bin", [PLANT]: beside },
        inherit: false,
        stdoutPath: "/dev/null",
        stderrPath: "/dev/null",
      }),
  };
}

function newSecret(): string {
  return `vscope-planted-${crypto.randomUUID()}`;
}

const BLOCK = 1 << 23;

/** Which needles a file holds, as bytes of UTF-8; read in blocks. Needs read permission. */
export async function foundIn(
  files: FileSystem,
  path: string,
  needles: readonly Needle[],
): Promise<Needle[]> {
  // A byte a letter: looking for a text within a text is many times faster than for bytes in bytes.
  const wanted = needles.map((needle) => ({
    needle,
    text: Buffer.from(needle.text).toString("latin1"),
  }));
  const overlap = Math.max(0, ...wanted.map(({ text }) => text.length));
  const found = new Set<Needle>();
  using file = await files.open(path, { read: true });
  const buffer = Buffer.alloc(BLOCK + overlap);
  let kept = 0;
  for (;;) {
    const count = await file.read(buffer.subarray(kept, kept + BLOCK));
    if (count === null) return [...found];
    const block = buffer.toString("latin1", 0, kept + count);
    for (const { needle, text } of wanted) {
      if (!found.has(needle) && block.includes(text)) found.add(needle);
    }
    const from = Math.max(0, block.length - overlap);
    buffer.copyWithin(0, from, block.length);
    kept = block.length - from;
  }
}
