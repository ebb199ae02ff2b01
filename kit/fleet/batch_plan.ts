/**
 * The plan of `vscope sweep-all`, on this machine or on a cluster.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import { flagOf } from "../contract/option.ts";
import type { Invocation, Plan } from "../contract/recipe.ts";
import { fleetOptions } from "../sweep/batch/fleet_options.ts";
import type { sweepAllOptions, SweepAllValues } from "../sweep/batch/options.ts";
import { hardwareValue, jobsOf, planSweepAll } from "../sweep/batch/plan.ts";
import { type BatchSubject, lookForSubjects } from "../sweep/batch/subjects.ts";
import { aboutTime } from "../sweep/plan/advice.ts";
import { resourcesOf, resourcesText } from "./ray.ts";
import { allShots } from "./all_shots.ts";
import { partText, placed } from "./parts.ts";
import { sweepSettings, type SweepSubject } from "../sweep/plan/settings.ts";
import { jobsOfLength, type PlannedJob } from "./unit_work.ts";
import { type FleetUnit, unitsOf } from "./units.ts";
import { isPath, isS3, neededKeys, type S3Place, s3PlaceOf } from "./s3_place.ts";
import { clusterAddress, type Placement, placementsOf } from "./where.ts";

/** `lookForSubjects` of a batch whose hardware may say where it is. */
export async function lookForBatch(
  values: SweepAllValues,
  context: RunContext,
  operands: readonly string[],
): Promise<BatchSubject[]> {
  return await lookForSubjects({ ...values, hardware: namesOf(values) }, context, operands);
}

/** The names alone. */
function namesOf({ hardware, on }: SweepAllValues): readonly string[] | undefined {
  return hardware && placementsOf(hardware, on).map(({ hardware }) => hardware);
}

/**
 * Makes the plan. Pure.
 *
 * @throws {UsageError} where no sweep of the batch can be, or an option does not fit where it is measured.
 */
export function planBatch(
  values: SweepAllValues,
  given: Invocation,
): Plan<typeof sweepAllOptions> {
  const hardware = namesOf(values);
  const named = given.contract["hardware"];
  const value = hardwareValue(hardware);
  const invocation = named && value !== undefined
    ? { ...given, contract: { ...given.contract, hardware: { ...named, value } } }
    : given;
  if (values.on === undefined) refuseFleetOptions(given);
  const plan = planSweepAll({ ...values, hardware }, invocation);
  if (values.on === undefined) return plan;
  const on = clusterAddress(values.on);
  const place = storagePlace(values, given);
  if (values.force) {
    throw new UsageError(
      "Cannot run sweep-all: --force measures again what is there, and --on goes on with jobs that are there; " +
        "give a new folder with --out",
    );
  }
  if (values.validate > 0) {
    throw new UsageError(
      "Cannot run sweep-all: --validate measures steps of the whole model, which do not come home from a " +
        "cluster; leave it out, and run vscope sweep --validate on a node when the sweep is there",
    );
  }
  const cut = cutUnits(plan, values);
  const seconds = cut.flatMap(({ jobs }) => jobs.map((job) => job.seconds));
  const kinds = kindsOf(cut, values);
  return {
    ...plan,
    values,
    files: [...plan.files, { path: "fleet/", why: "what has come home of jobs that are not over" }],
    permissions: [
      `write ${plan.out}`,
      `connect to ${on}`,
      ...(place ? [`connect to ${new URL(place.url).origin}`] : []),
    ],
    notes: [
      ...plan.notes ?? [],
      "Jobs stay on the cluster when vscope ends: the same command finds them by their submission IDs",
    ],
    details: {
      json: {
        ...plan.details?.json,
        fleet: {
          on,
          jobs: seconds.length,
          ...(kinds.length === 1 ? kinds[0]!.json : {
            gpus: values.jobGpus,
            cpus: values.jobCpus,
            hardware: kinds.map(({ name, jobs, json }) => ({ name, jobs, ...json })),
          }),
          parts: cut.flatMap(partsJson),
        },
      },
      text: [
        ...plan.details?.text ?? [],
        ...(kinds.length === 1 ? [`Jobs on ${on}: ${kinds[0]!.text}`] : [
          `Jobs on ${on}: ${seconds.length}`,
          ...kinds.map(({ name, text }) => `  ${name}: ${text}`),
        ]),
        ...cut.flatMap(partsLines),
        ...(values.jobLength === undefined
          ? [
            "  a unit that is long beside its boot is cut where the cluster has room for more jobs",
          ]
          : []),
      ],
    },
  };
}

/** What is submitted to each kind of hardware. */
function kindsOf(
  cut: readonly CutUnit[],
  values: SweepAllValues,
): { name: string; jobs: number; json: Record<string, unknown>; text: string }[] {
  const placements = placementsOf(values.hardware, values.on);
  // Who asks only for the plan need not name one.
  const named: readonly Partial<Placement>[] = placements.length > 0 ? placements : [{}];
  return named.map(({ hardware, resource }) => {
    const resources = resourcesOf(values, resource);
    const { gpus, cpus } = resources;
    const seconds = cut.filter(({ unit }) => unit.sweep.plan!.values.hardware === hardware)
      .flatMap(({ jobs }) => jobs.map((job) => job.seconds));
    return {
      name: hardware ?? "",
      jobs: seconds.length,
      json: { gpus, cpus, ...(resource === undefined ? {} : { resource }) },
      text: `${seconds.length} of ${resourcesText(resources)} each, the longest of ` +
        `${aboutTime(Math.max(0, ...seconds))}`,
    };
  });
}

/** Each unit with its jobs, as far as options say how they are cut: the cluster's room is not known yet. */
function cutUnits(
  plan: Pick<Plan<typeof sweepAllOptions>, "invocation" | "out">,
  { jobLength }: SweepAllValues,
): CutUnit[] {
  const batch = { host: "", out: plan.out, version: "" };
  const units = jobsOf(plan).flatMap((job) => job.plan ? unitsOf(job, batch, undefined) : []);
  return units.map((unit) => {
    const { values, invocation } = unit.sweep.plan!;
    const all = () =>
      placed(allShots(sweepSettings(values, invocation.found as SweepSubject), unit.tp));
    const jobs = jobLength === undefined
      ? [{ seconds: unit.seconds }]
      : jobsOfLength({ unit, all }, jobLength);
    return { unit, jobs };
  });
}

interface CutUnit {
  readonly unit: FleetUnit;
  readonly jobs: readonly PlannedJob[];
}

function partsJson({ unit, jobs }: CutUnit): Record<string, unknown>[] {
  return jobs.length < 2 ? [] : [{
    unit: unit.name,
    jobs: jobs.length,
    parts: jobs.map(({ part, seconds }) => ({ part, seconds: Math.round(seconds) })),
  }];
}

function partsLines({ unit, jobs }: CutUnit): string[] {
  if (jobs.length < 2) return [];
  return [
    `  ${unit.name} in ${jobs.length} parts:`,
    ...jobs.map(({ part, seconds }) => `    ${partText(part!)}, ${aboutTime(seconds)}`),
  ];
}

/** Where results go in a bucket; undefined where they do not. */
function storagePlace(values: SweepAllValues, { env }: Invocation): S3Place | undefined {
  const { storage, storageEndpoint } = values;
  if (storage === undefined || isPath(storage)) return undefined;
  if (!isS3(storage)) {
    throw new UsageError(
      `Cannot run sweep-all: --storage "${storage}" is neither a folder nor a place in a bucket; give it as ` +
        "s3://BUCKET/PREFIX, or a path",
    );
  }
  const place = s3PlaceOf(storage, storageEndpoint, env);
  neededKeys(env);
  return place;
}

function refuseFleetOptions({ contract }: Invocation): void {
  const given = Object.keys(fleetOptions).map(flagOf)
    .find((flag) => contract[flag]?.source === "flag");
  if (given === undefined) return;
  throw new UsageError(
    `Cannot run sweep-all: --${given} is for a cluster, and none is given; give --on http://HOST:8265, or ` +
      `leave --${given} out`,
  );
}
