/**
 * What ncu complains of, in one sentence with its remedy.
 *
 * @module
 */

import type { NcuTalk } from "./talk.ts";

/** A trouble that ncu has. */
export interface Trouble {
  /** One sentence, with what to do. */
  message: string;
  /** An error, and no warning: nothing will be measured any more, and there is no use in going on. */
  final: boolean;
}

interface Known {
  pattern: RegExp;
  message: string;
}

/** Said also where the target alone speaks of it. */
export const DISK_FULL =
  "The disk is full: ncu needs room in TMPDIR (/tmp) and in the bundle's folder";

const KNOWN: readonly Known[] = [
  {
    pattern: /ERR_NVGPUCTRPERM/,
    message:
      "ncu may not read the GPU's performance counters (ERR_NVGPUCTRPERM): run vscope as root or " +
      "with CAP_SYS_ADMIN (a container: --cap-add=SYS_ADMIN), or have the driver let everybody: " +
      '"options nvidia NVreg_RestrictProfilingToAdminUsers=0" in /etc/modprobe.d/, and reboot',
  },
  {
    pattern: /driver resource was unavailable|LibraryNotLoaded|ERR_NVCTRBUSY/i,
    message:
      "Something else holds the GPU's performance counters, such as DCGM or another profiler: " +
      "end it, or pause it (dcgmi profiling --pause, and --resume afterwards)",
  },
  {
    pattern: /(?:fail|unable|cannot|could not)\w* (?:to )?(?:lock|set|control|change)\b.*clock/i,
    message:
      "ncu could not lock the GPU's clocks, which needs root and a host that lets it: leave out " +
      "--clock-control base",
  },
  {
    pattern: /Profiling is not supported|not supported on (?:this )?device/i,
    message:
      "ncu does not support this GPU, or this use of it (a virtual GPU, WSL): ncu --list-chips " +
      "names those that it does, a newer ncu knows more",
  },
  {
    pattern: /driver is not compatible|Cuda driver.*(?:not compatible|mismatch)/i,
    message:
      "The driver and this ncu do not fit together: take a newer driver, or the ncu of the " +
      "driver's CUDA release",
  },
  {
    pattern: /lock file|InterProcessLock|nsight-compute-lock/i,
    message:
      "ncu cannot use its lock file, which another user may have left in /tmp: give TMPDIR a " +
      "folder of your own",
  },
  { pattern: /No space left on device/i, message: DISK_FULL },
  {
    pattern: /No metrics to collect/i,
    message:
      "ncu found nothing to measure in what --set, --sections and --metrics name: ncu --list-sets " +
      "and --list-sections have the names",
  },
  {
    pattern: /failed to find metric|metrics? .*(?:not found|does not exist|unknown)/i,
    message: "ncu does not know a metric that --metrics names: ncu --query-metrics has the names",
  },
];

/** What ncu complained of, as far as it is known what to do about it. */
export function troublesOf({ errors, warnings }: NcuTalk): Trouble[] {
  return KNOWN.flatMap(({ pattern, message }) => {
    const final = errors.some((text) => pattern.test(text));
    return final || warnings.some((text) => pattern.test(text)) ? [{ message, final }] : [];
  });
}

/** Complaints of which nothing more is known; how the target ended is not ncu's. */
export function otherErrors({ errors }: NcuTalk): string[] {
  return errors.filter((text) =>
    !KNOWN.some(({ pattern }) => pattern.test(text)) &&
    !/application (?:returned an error code|terminated)/i.test(text) &&
    !/No kernels were profiled/i.test(text)
  );
}
