/**
 * The systems that a release has a file for.
 *
 * @module
 */

import { permissionFlags } from "../../kit/contract/permissions.ts";
import { PARTS_NAME } from "../../kit/engine/unpacked_parts.ts";
import { MAIN } from "./stage.ts";

/** A system. */
export interface Target {
  /** As `./dev build --target` names it. */
  readonly name: string;
  /** As `deno compile --target` names it. */
  readonly triple: string;
  readonly os: "linux" | "darwin" | "windows";
  readonly arch: "x86_64" | "aarch64";
}

/** All of them. Windows has no vLLM: there the tools work on what was recorded elsewhere. */
export const TARGETS: readonly Target[] = [
  { name: "linux-x64", triple: "x86_64-unknown-linux-gnu", os: "linux", arch: "x86_64" },
  { name: "linux-arm64", triple: "aarch64-unknown-linux-gnu", os: "linux", arch: "aarch64" },
  { name: "macos-arm64", triple: "aarch64-apple-darwin", os: "darwin", arch: "aarch64" },
  { name: "macos-x64", triple: "x86_64-apple-darwin", os: "darwin", arch: "x86_64" },
  { name: "windows-x64", triple: "x86_64-pc-windows-msvc", os: "windows", arch: "x86_64" },
];

/** The target that this machine is; undefined where a release has no file for it. */
export function targetHere(): Target | undefined {
  return TARGETS.find(({ os, arch }) => os === Deno.build.os && arch === Deno.build.arch);
}

/** The name of a target's file. */
export function fileOf({ name, os }: Target, version?: string): string {
  const middle = version === undefined ? "" : `-${version}`;
  return `vscope${middle}-${name}${os === "windows" ? ".exe" : ""}`;
}

/**
 * What `deno compile` is told: our code without packages, the files that are embedded beside it, and
 * the rights that recipes need on that system, no others. Nothing is asked for at run time.
 */
export function compileArguments(target: Target, stage: string, output: string): string[] {
  return [
    ...["compile", "--quiet", "--no-check", "--no-config", "--no-lock", "--no-remote", "--no-npm"],
    ...["--target", target.triple, "--no-prompt", ...permissionFlags(target.os)],
    ...["LICENSE", "THIRD-PARTY.txt", PARTS_NAME].flatMap((name) => [
      "--include",
      `${stage}/${name}`,
    ]),
    ...["--output", output, `${stage}/${MAIN}`],
  ];
}
