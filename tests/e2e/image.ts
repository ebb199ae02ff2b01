/** Commands in an image: a root of its own, with processes, mounts and, unless asked for, no network. */

import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("image.sh", import.meta.url));

/** What a command left. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; with `env` it sees nothing else of our environment. */
export async function run(
  argv: readonly string[],
  env?: Record<string, string>,
  cwd?: string,
): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(argv[0]!, {
    args: argv.slice(1),
    ...(env ? { env, clearEnv: true } : {}),
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** An image that can be entered. */
export interface Image {
  /** Its root, on this machine. */
  readonly root: string;
  /** What is mounted on /bundles. */
  readonly bundles: string;
  readonly env: Record<string, string>;
  /** Whether it has this machine's network; otherwise it has none. */
  readonly network?: boolean;
}

/** Makes the places in a root that are mounted on. */
export async function makeMountPoints(root: string): Promise<void> {
  for (const folder of ["bundles", "proc", "sys", "tmp", "dev"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  for (const device of ["null", "urandom", "zero"]) {
    await Deno.writeTextFile(`${root}/dev/${device}`, "");
  }
  await Deno.mkdir(`${root}/dev/shm`, { recursive: true });
}

/** Runs a command in an image, as a user. Needs root. */
export async function inImage(
  { root, bundles, env, network }: Image,
  user: string,
  mode: "rw" | "ro",
  ...command: string[]
): Promise<Ran> {
  const spaces = network ? "-mpi" : "-mnpi";
  const script = ["sh", SCRIPT, root, bundles, user, mode];
  return await run(["unshare", spaces, "--fork", ...script, ...command], env);
}
