/**
 * The Python scripts that recipes run, each with its checksum.
 *
 * Made by `./dev hooks`; do not edit.
 *
 * @module
 */

import type { EmbeddedFile } from "../../../hooks/embedded.ts";
import r0 from "../metal/offline_runner.py" with { type: "text" };
import r1 from "../sweep/draft/model_tree.py" with { type: "text" };
import r2 from "../sweep/steps/load.py" with { type: "text" };
import r3 from "../torch/example.py" with { type: "text" };

/** Every script; paths are below `kit/engine/`. */
export const RUNNER_FILES: readonly EmbeddedFile[] = [
  {
    path: "metal/offline_runner.py",
    text: r0,
    sha256: "df7c522ca1feca91d96631a01cd82d1210557157aa149acd41b8e569612d43e8",
  },
  {
    path: "sweep/draft/model_tree.py",
    text: r1,
    sha256: "6a0ed99cd269bcebbdfe3d6e379f12bf0d5d498c25b8d1f08069068433f3e691",
  },
  {
    path: "sweep/steps/load.py",
    text: r2,
    sha256: "ca033d6323984b0bfb3d0caac9e5bc2acee614bdb88f95b069fe0934ccf58aa9",
  },
  {
    path: "torch/example.py",
    text: r3,
    sha256: "9b22a4c91849fe9eff7a2ebcd7bdc7362483a035236d5c3ec9ca96a206056aee",
  },
];
