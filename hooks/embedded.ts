/**
 * The Python package that runs inside vLLM, file by file, each with its checksum.
 *
 * Made by `./dev hooks`; do not edit.
 *
 * @module
 */

import f0 from "./sitecustomize.py" with { type: "text" };
import f1 from "./vscope_hooks-0.1.0.dist-info/METADATA" with { type: "text" };
import f2 from "./vscope_hooks-0.1.0.dist-info/entry_points.txt" with { type: "text" };
import f3 from "./vscope_hooks/__init__.py" with { type: "text" };
import f4 from "./vscope_hooks/activation.py" with { type: "text" };
import f5 from "./vscope_hooks/imports.py" with { type: "text" };
import f6 from "./vscope_hooks/plugin.py" with { type: "text" };
import f7 from "./vscope_hooks/profilers/__init__.py" with { type: "text" };
import f8 from "./vscope_hooks/profilers/batch_utilization.py" with { type: "text" };
import f9 from "./vscope_hooks/profilers/cpu_operations.py" with { type: "text" };
import f10 from "./vscope_hooks/profilers/engine_facts.py" with { type: "text" };
import f11 from "./vscope_hooks/profilers/forward_pass.py" with { type: "text" };
import f12 from "./vscope_hooks/profilers/gpu_timer.py" with { type: "text" };
import f13 from "./vscope_hooks/profilers/kv_cache.py" with { type: "text" };
import f14 from "./vscope_hooks/profilers/last_flush.py" with { type: "text" };
import f15 from "./vscope_hooks/profilers/request_lifecycle.py" with { type: "text" };
import f16 from "./vscope_hooks/profilers/request_results.py" with { type: "text" };
import f17 from "./vscope_hooks/profilers/scheduler_steps.py" with { type: "text" };
import f18 from "./vscope_hooks/recorder.py" with { type: "text" };
import f19 from "./vscope_hooks/session.py" with { type: "text" };
import f20 from "./vscope_hooks/sites.py" with { type: "text" };
import f21 from "./vscope_hooks/steps.py" with { type: "text" };
import f22 from "./vscope_hooks/table.py" with { type: "text" };

/** A file of the package. */
export interface EmbeddedFile {
  /** Below the folder that goes on PYTHONPATH. */
  readonly path: string;
  readonly text: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly sha256: string;
}

/** Every file of the package. */
export const HOOK_FILES: readonly EmbeddedFile[] = [
  {
    path: "sitecustomize.py",
    text: f0,
    sha256: "9c7dd48757ce2a604dc98344cda06059b2509a433fa72258e1a6306f3b6b7b82",
  },
  {
    path: "vscope_hooks-0.1.0.dist-info/METADATA",
    text: f1,
    sha256: "1a421e389af9cff8f940f79b5f1d1c585038826a16b622e1fb3e7eb65b7a3e09",
  },
  {
    path: "vscope_hooks-0.1.0.dist-info/entry_points.txt",
    text: f2,
    sha256: "7188333b15d275f6a50b109eeb6b781dd0be3ca7a536f4b826ff20e7d275d2df",
  },
  {
    path: "vscope_hooks/__init__.py",
    text: f3,
    sha256: "bb7fee73bff4b55524cd5a76dc4f7a9db069e6b2e7a60f648c8ae4451e658e8c",
  },
  {
    path: "vscope_hooks/activation.py",
    text: f4,
    sha256: "9f7b7297b17ef34c067b7ca12b308f7eb972de10fa51851aa975a4d76c6edd99",
  },
  {
    path: "vscope_hooks/imports.py",
    text: f5,
    sha256: "35cbb5b494a1b3e3fb19c086b7f67158e37f1d545533da6ec6e945602925e288",
  },
  {
    path: "vscope_hooks/plugin.py",
    text: f6,
    sha256: "2b577aee482006dc87a050d3aa8f25979c760dfaf50a8af26fa3f746d370143e",
  },
  {
    path: "vscope_hooks/profilers/__init__.py",
    text: f7,
    sha256: "b66c5338f96f2628c0b06a5da74321eec39b37f0846c89ae1ac16cf45cca4bb5",
  },
  {
    path: "vscope_hooks/profilers/batch_utilization.py",
    text: f8,
    sha256: "9c47b3ecec9b92844dc433d0cbe81c5d4647284ee2d3072f71d30ac67ae209d7",
  },
  {
    path: "vscope_hooks/profilers/cpu_operations.py",
    text: f9,
    sha256: "785ac2f1684f79a0919b48b7ef539ef2ca655e2a0a8097f9d5f5f4604830f1cd",
  },
  {
    path: "vscope_hooks/profilers/engine_facts.py",
    text: f10,
    sha256: "5d69f335f38367a8daa96d0d8914af79e59db637b2c68d55d440ce5b6ead6cc5",
  },
  {
    path: "vscope_hooks/profilers/forward_pass.py",
    text: f11,
    sha256: "ba5c2a773c23ac914fa3f779d40121d58ac6efd4743c76afab441889596b52c7",
  },
  {
    path: "vscope_hooks/profilers/gpu_timer.py",
    text: f12,
    sha256: "0af708e7c97e7195c79088f3b988cae959269fa4fe170cfa3e8d1e9a1ebb16f3",
  },
  {
    path: "vscope_hooks/profilers/kv_cache.py",
    text: f13,
    sha256: "dd00f5608f221a03e72c8aee536a56e5fb847d8100b069d873f2897d31641fb7",
  },
  {
    path: "vscope_hooks/profilers/last_flush.py",
    text: f14,
    sha256: "53248d5e33d547f9fa86e99327a288bf64e0c7bd2746914c18a7f0144326e668",
  },
  {
    path: "vscope_hooks/profilers/request_lifecycle.py",
    text: f15,
    sha256: "6605974a601c07d18e83306e653cd4fbd56ef7a3667bcccbc938829fe59bf048",
  },
  {
    path: "vscope_hooks/profilers/request_results.py",
    text: f16,
    sha256: "bdeb4dd17ceecbdbfd97d5e35e58d5800d6f295b3b9b08ed01a29e09b3a4e420",
  },
  {
    path: "vscope_hooks/profilers/scheduler_steps.py",
    text: f17,
    sha256: "24ac22cbc3d02af6527f74ec4dde18b63a1a4bb839056903ef9bf204b6ca361c",
  },
  {
    path: "vscope_hooks/recorder.py",
    text: f18,
    sha256: "62ad70d77207cd5e9068dfcd774f6b423bce126734627a2efe7da1b5e532b784",
  },
  {
    path: "vscope_hooks/session.py",
    text: f19,
    sha256: "1ba33a007b82b4708f74ea8cf7fbd57e2a3a3b75c34ae300c9e7320bcd8c3017",
  },
  {
    path: "vscope_hooks/sites.py",
    text: f20,
    sha256: "48d23d568b90a3e18c21c54440996d995324e62de8146b318d404c7d59f6a487",
  },
  {
    path: "vscope_hooks/steps.py",
    text: f21,
    sha256: "900ec10b6439d1ef4781abbacbc4d8ddfd2bc2e0631dcbf376172407a001814d",
  },
  {
    path: "vscope_hooks/table.py",
    text: f22,
    sha256: "523da68394dda4441746bb4aa4df3767495e60075bad5d6ece75e3dd5678fa7c",
  },
];
