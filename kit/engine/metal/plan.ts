/**
 * The plan of a frame capture, in its three forms.
 *
 * @module
 */

import type { Options, Values } from "../../contract/option.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import { folderName } from "../../bundle/bundle_folder.ts";
import { METAL_NAME } from "../../bundle/metal_record.ts";
import { captureFolder } from "../capture_run.ts";
import { gigabytes } from "../mac/disk_guard.ts";
import { billionsOf, SLOWER } from "./estimate.ts";
import { OFFLINE_EVENTS } from "./offline_run.ts";
import { fractionWarning, type MetalValues } from "./options.ts";
import { readTask } from "./task.ts";

/** What each capture's trace is to be called. */
export function prefixOf(values: MetalValues, invocation: Invocation, number: number): string {
  return `${folderName(values.prefix, invocation.startedAt, invocation.pid)}_${number}`;
}

/** Makes the plan. */
export function planMetal<O extends Options>(
  values: Values<O> & MetalValues,
  invocation: Invocation,
): Plan<O> {
  const task = readTask(values, invocation);
  const { estimate, form } = task;
  const out = captureFolder("metal", invocation);
  const warning = fractionWarning(task.memoryFraction);
  const unknown = [
    ...(estimate.scale === 1 && values.parameters === undefined && values.layers === undefined &&
        (task.model === undefined || billionsOf(task.model) === undefined)
      ? [
        "how large the model is: the estimate is that of 0.6 billion parameters; give --parameters",
      ]
      : []),
    ...(form === "attach" ? [] : ["how long vLLM takes to start and to load the model"]),
    "the names of the traces: they differ between versions of vllm-metal, and are looked for",
    ...(form === "offline" && values.python === undefined
      ? ["the Python: that of the vllm on PATH, where there is one"]
      : []),
  ];
  return {
    values,
    invocation,
    out,
    processes: task.process ? [task.process] : [],
    files: [
      { path: "bundle.json", why: "what ran, how it ended, the traces and their sizes" },
      { path: METAL_NAME, why: "the estimate, what the guards found, and each capture" },
      {
        path: task.traceDir.startsWith(`${out}/`)
          ? task.traceDir.slice(out.length + 1)
          : task.traceDir,
        why: "the traces, a .gputrace folder for each capture and rank",
      },
      { path: "report.html", why: "how to open the traces and how to read them" },
      { path: "logs/", why: "what vLLM printed" },
      ...(form === "offline"
        ? [
          { path: "offline_runner.py", why: "the script that loads the model and captures" },
          { path: OFFLINE_EVENTS, why: "what the script did, and when" },
        ]
        : []),
    ],
    diskBytes: estimate.expected_bytes,
    seconds: estimate.seconds,
    permissions: [
      "run the command, uname, sw_vers, xcode-select and df",
      `write ${out} and ${task.traceDir}`,
      ...(task.baseUrl ? [`connect to ${task.baseUrl}`] : []),
      "a Mac with Apple Silicon and the full Xcode; no right of the administrator",
    ],
    warnings: [
      ...(warning ? [warning] : []),
      ...task.withoutEffect.map((name) =>
        `The command sets ${name}, which only the torch profiler reads: it has no effect on a trace`
      ),
    ],
    unknown,
    notes: [
      `Disk: ${
        gigabytes(estimate.expected_bytes)
      } are expected; by the figure for a single pass it ` +
      `can come to ${gigabytes(estimate.upper_bytes)}`,
      ...estimate.basis,
      `A capture makes vLLM ${SLOWER[0]} to ${SLOWER[1]} times slower while it lasts: about ` +
      `${estimate.seconds} s for the captured requests`,
      "The trace has no named ranges: kernels carry MLX's names, layers and steps carry none",
    ],
  };
}
