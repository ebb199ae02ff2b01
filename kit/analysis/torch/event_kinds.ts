/**
 * The categories of Kineto's events, in the spellings of all its versions.
 *
 * @module
 */

/** What an event is about. */
export enum EventKind {
  Other = 0,
  Kernel,
  Copy,
  Fill,
  Operator,
  Call,
  Range,
  DeviceRange,
  Python,
  Overhead,
}

const KINDS: Readonly<Record<string, EventKind>> = {
  kernel: EventKind.Kernel,
  Kernel: EventKind.Kernel,
  gpu_memcpy: EventKind.Copy,
  Memcpy: EventKind.Copy,
  gpu_memset: EventKind.Fill,
  Memset: EventKind.Fill,
  cpu_op: EventKind.Operator,
  Operator: EventKind.Operator,
  cuda_runtime: EventKind.Call,
  cuda_driver: EventKind.Call,
  xpu_runtime: EventKind.Call,
  xpu_driver: EventKind.Call,
  privateuse1_runtime: EventKind.Call,
  privateuse1_driver: EventKind.Call,
  Runtime: EventKind.Call,
  user_annotation: EventKind.Range,
  gpu_user_annotation: EventKind.DeviceRange,
  python_function: EventKind.Python,
  overhead: EventKind.Overhead,
};

/** The kind of events of a category. */
export function eventKind(category: string): EventKind {
  return KINDS[category] ?? EventKind.Other;
}
