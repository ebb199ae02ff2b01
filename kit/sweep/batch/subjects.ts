/**
 * The sweeps of a batch with their models looked up: each model, in each variant.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import type { SweepValues } from "../options.ts";
import { lookForSubject, type SweepSubject } from "../plan/settings.ts";
import { type ListedModel, parseModelList } from "./model_list.ts";
import { type SweepAllValues, USUAL_MODELS } from "./options.ts";
import { variantTypes } from "./variants.ts";

/** A sweep of a batch. */
export interface BatchSubject {
  readonly values: SweepValues;
  /** What the list says for this model alone. */
  readonly listed: ListedModel;
  /** Its folder in the batch's, where a batch is on several kinds of hardware. */
  readonly hardware?: string;
  /** Absent where the model cannot be measured, and why. */
  readonly subject?: SweepSubject;
  readonly refused?: string;
}

/**
 * Finds all models that are asked for: as operands, by `--models`, or the usual ones; each is measured on each kind
 * of hardware. A model that is not to be found is refused by itself. Needs read permission, and see `findModel`.
 *
 * @throws {UsageError} where the list cannot be read.
 */
export async function lookForSubjects(
  values: SweepAllValues,
  context: RunContext,
  operands: readonly string[],
): Promise<BatchSubject[]> {
  const found: BatchSubject[] = [];
  const seen = new Map<string, Pick<BatchSubject, "subject" | "refused">>();
  for (const listed of await listedModels(values, context, operands)) {
    for (const own of sweepsOf(values, listed)) {
      const { model } = listed;
      const known = seen.get(model) ?? await lookFor(own, context);
      seen.set(model, known);
      found.push({ values: own, listed, ...known });
    }
  }
  const { hardware = [] } = values;
  if (hardware.length < 2) return found;
  return hardware.flatMap((name) =>
    found.map((one) => ({ ...one, values: { ...one.values, hardware: name }, hardware: name }))
  );
}

async function lookFor(values: SweepValues, context: RunContext) {
  try {
    return { subject: await lookForSubject(values, context) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { refused: reasonOf(error) };
  }
}

/** Why a sweep of a batch cannot be, without the words that a sweep alone begins with. */
export function reasonOf(error: UsageError): string {
  return messageOf(error).replace(/^Cannot run sweep: /, "");
}

async function listedModels(
  { models }: SweepAllValues,
  context: RunContext,
  operands: readonly string[],
): Promise<ListedModel[]> {
  if (models !== undefined && operands.length > 0) {
    throw new UsageError(
      `Cannot run sweep-all: models are named by --models or MODELS ("${models}") and behind the ` +
        `command ("${operands[0]}"); give them in one place`,
    );
  }
  if (models !== undefined) return await fromOption(models, context);
  if (operands.includes("-")) {
    if (operands.length === 1) return await fromFile("/dev/stdin", "standard input", context);
    throw new UsageError(
      'Cannot run sweep-all: "-" is standard input, and other models are named too; give one of them',
    );
  }
  return (operands.length > 0 ? operands : USUAL_MODELS).map((model) => ({ model, values: {} }));
}

/** A file that is there, standard input, or a list. A config's path is a model. */
async function fromOption(models: string, context: RunContext): Promise<ListedModel[]> {
  if (models === "-") return await fromFile("/dev/stdin", "standard input", context);
  const path = models.startsWith("/") ? models : `${context.cwd}/${models}`;
  const isFile = await context.files.stat(path).then((found) => !found.isDirectory, () => false);
  if (isFile && !models.endsWith(".json")) return await fromFile(path, models, context);
  if (/\.(ya?ml|txt|list)$/.test(models)) {
    throw new UsageError(
      `Cannot run sweep-all: there is no file "${models}"; give a file with a model a line, - for ` +
        "standard input, or models with commas between them",
    );
  }
  const named = models.split(/[,\s]+/).filter(Boolean);
  if (named.length === 0) {
    throw new UsageError("Cannot run sweep-all: --models names no model; give IDs or a file");
  }
  return named.map((model) => ({ model, values: {} }));
}

async function fromFile(path: string, name: string, { files }: RunContext) {
  let text: string;
  try {
    text = await files.readTextFile(path);
  } catch (error) {
    throw new UsageError(`Cannot run sweep-all: ${name} cannot be read (${messageOf(error)})`);
  }
  return await parseModelList(text, name);
}

/** The values of a sweep for each variant of a model; what the list says of the model goes first. */
function sweepsOf(batch: SweepAllValues, { model, values: own, from }: ListedModel): SweepValues[] {
  const typed = (values: Partial<SweepAllValues>) =>
    values.dtype !== undefined || (values.kvCacheDtype ?? "auto") !== "auto" ||
    values.variant !== undefined;
  for (
    const [level, where] of [[batch, "--variants"], [
      own,
      `variants of ${model} in ${from}`,
    ]] as const
  ) {
    if (level.variants === undefined || !typed(level as Partial<SweepAllValues>)) continue;
    throw new UsageError(
      `Cannot run sweep-all: ${where} says which types are measured, and DTYPE, KV_CACHE_DTYPE or ` +
        "VARIANT does so too; give one of them",
    );
  }
  const { models: _, variants: all, verbosity: _verbosity, hardware, ...shared } = batch;
  const { variants = typed(own as Partial<SweepAllValues>) ? undefined : all, ...rest } =
    own as Partial<SweepAllValues>;
  const values = {
    ...shared,
    ...rest,
    hardware: hardware?.[0],
    model,
    list: undefined,
    draftArchitecture: false,
    resumeFrom: undefined,
    budget: undefined,
    gridError: undefined,
    verbosity: undefined,
  };
  return variants === undefined ? [values] : [...new Set(variants)].map((name) => ({
    ...values,
    dtype: undefined,
    variant: undefined,
    ...variantTypes(name),
  }));
}
