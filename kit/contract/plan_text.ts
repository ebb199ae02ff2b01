/**
 * A plan as `--dry-run` shows it.
 *
 * @module
 */

import type { Options } from "./option.ts";
import { aboutBytes, formatDuration } from "./quantities.ts";
import type { Plan, PlannedStage } from "./recipe.ts";
import { shellWord } from "./shell_word.ts";

/** The document of `--dry-run --json`. */
export function planJson<O extends Options>(recipe: string, plan: Plan<O>): object {
  return {
    schema_version: 1,
    recipe,
    out: plan.out,
    processes: plan.processes,
    files: plan.files,
    disk_bytes: plan.diskBytes ?? null,
    seconds: plan.seconds ?? null,
    permissions: plan.permissions,
    warnings: plan.warnings,
    unknown: plan.unknown,
    notes: plan.notes ?? [],
    ...(plan.stages === undefined ? {} : { stages: plan.stages.map(stageJson) }),
    contract: plan.invocation.contract,
    ...plan.details?.json,
  };
}

function stageJson({ diskBytes, ...stage }: PlannedStage): object {
  return { ...stage, disk_bytes: diskBytes };
}

/** The same for a person. */
export function planText<O extends Options>(recipe: string, plan: Plan<O>): string {
  const lines = [`Plan of ${recipe}; nothing is started`];
  if (plan.out !== "") lines.push("", `Bundle: ${plan.out}`);
  section(lines, "Stages", (plan.stages ?? []).map(stageText));
  for (const { name, argv, env } of plan.processes) {
    lines.push("", `Process ${name}:`, `  ${argv.map(shellWord).join(" ")}`);
    for (const [key, value] of Object.entries(env)) lines.push(`    ${key}=${shellWord(value)}`);
  }
  if (plan.details) lines.push("", ...plan.details.text);
  section(lines, "Files", plan.files.map(({ path, why }) => `${path}: ${why}`));
  lines.push(
    "",
    `Disk: ${plan.diskBytes === undefined ? "grows with the run" : aboutBytes(plan.diskBytes)}`,
    `Time: ${
      plan.seconds === undefined
        ? "as long as the command runs"
        : `about ${formatDuration(plan.seconds)}`
    }`,
  );
  section(lines, "Permissions", plan.permissions);
  section(lines, "Warnings", plan.warnings);
  section(lines, "Good to know", plan.notes ?? []);
  section(lines, "Not known before it runs", plan.unknown);
  lines.push("", "Values:");
  for (const [name, { value, source, from }] of Object.entries(plan.invocation.contract)) {
    lines.push(`  ${name} = ${JSON.stringify(value) ?? "(none)"} (${from ?? source})`);
  }
  return lines.join("\n");
}

function stageText(stage: PlannedStage, place: number): string {
  const { name, title, seconds, diskBytes, needs, condition } = stage;
  return `${place + 1}. ${name}: ${title}; about ${formatDuration(seconds)}, ${
    aboutBytes(diskBytes)
  }` + (needs.length > 0 ? `; after ${needs.join(", ")}` : "") +
    (condition === undefined ? "" : `; ${condition}`);
}

function section(lines: string[], title: string, entries: readonly string[]): void {
  if (entries.length > 0) lines.push("", `${title}:`, ...entries.map((entry) => `  ${entry}`));
}
