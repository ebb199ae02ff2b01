/**
 * The Python package that runs inside vLLM, file by file, each with its checksum.
 *
 * Made by `./dev hooks`; do not edit.
 *
 * @module
 */

import f0 from "./sitecustomize.py" with { type: "text" };
import f1 from "./vscope_fleet/__init__.py" with { type: "text" };
import f2 from "./vscope_fleet/__main__.py" with { type: "text" };
import f3 from "./vscope_fleet/clocks.py" with { type: "text" };
import f4 from "./vscope_fleet/folder.py" with { type: "text" };
import f5 from "./vscope_fleet/job.py" with { type: "text" };
import f6 from "./vscope_fleet/nodes.py" with { type: "text" };
import f7 from "./vscope_fleet/pieces.py" with { type: "text" };
import f8 from "./vscope_hooks-0.1.0.dist-info/METADATA" with { type: "text" };
import f9 from "./vscope_hooks-0.1.0.dist-info/entry_points.txt" with { type: "text" };
import f10 from "./vscope_hooks/__init__.py" with { type: "text" };
import f11 from "./vscope_hooks/activation.py" with { type: "text" };
import f12 from "./vscope_hooks/clock.py" with { type: "text" };
import f13 from "./vscope_hooks/cost.py" with { type: "text" };
import f14 from "./vscope_hooks/csv_file.py" with { type: "text" };
import f15 from "./vscope_hooks/experts/__init__.py" with { type: "text" };
import f16 from "./vscope_hooks/experts/counters.py" with { type: "text" };
import f17 from "./vscope_hooks/experts/files.py" with { type: "text" };
import f18 from "./vscope_hooks/experts/kernel.py" with { type: "text" };
import f19 from "./vscope_hooks/experts/sample.py" with { type: "text" };
import f20 from "./vscope_hooks/experts/snapshot.py" with { type: "text" };
import f21 from "./vscope_hooks/imports.py" with { type: "text" };
import f22 from "./vscope_hooks/losses.py" with { type: "text" };
import f23 from "./vscope_hooks/own_profilers.py" with { type: "text" };
import f24 from "./vscope_hooks/passes.py" with { type: "text" };
import f25 from "./vscope_hooks/plugin.py" with { type: "text" };
import f26 from "./vscope_hooks/profiler.py" with { type: "text" };
import f27 from "./vscope_hooks/profilers/__init__.py" with { type: "text" };
import f28 from "./vscope_hooks/profilers/batch_utilization.py" with { type: "text" };
import f29 from "./vscope_hooks/profilers/cpu_operations.py" with { type: "text" };
import f30 from "./vscope_hooks/profilers/cuda_events.py" with { type: "text" };
import f31 from "./vscope_hooks/profilers/cuda_graph.py" with { type: "text" };
import f32 from "./vscope_hooks/profilers/encoder_decoder.py" with { type: "text" };
import f33 from "./vscope_hooks/profilers/engine_facts.py" with { type: "text" };
import f34 from "./vscope_hooks/profilers/forward_pass.py" with { type: "text" };
import f35 from "./vscope_hooks/profilers/gpu_timer.py" with { type: "text" };
import f36 from "./vscope_hooks/profilers/kv_cache.py" with { type: "text" };
import f37 from "./vscope_hooks/profilers/kv_eviction.py" with { type: "text" };
import f38 from "./vscope_hooks/profilers/last_flush.py" with { type: "text" };
import f39 from "./vscope_hooks/profilers/moe_expert.py" with { type: "text" };
import f40 from "./vscope_hooks/profilers/pass_marks.py" with { type: "text" };
import f41 from "./vscope_hooks/profilers/request_lifecycle.py" with { type: "text" };
import f42 from "./vscope_hooks/profilers/request_results.py" with { type: "text" };
import f43 from "./vscope_hooks/profilers/scheduler_steps.py" with { type: "text" };
import f44 from "./vscope_hooks/quantization_facts.py" with { type: "text" };
import f45 from "./vscope_hooks/recorder.py" with { type: "text" };
import f46 from "./vscope_hooks/session.py" with { type: "text" };
import f47 from "./vscope_hooks/sites.py" with { type: "text" };
import f48 from "./vscope_hooks/steps.py" with { type: "text" };
import f49 from "./vscope_hooks/table.py" with { type: "text" };
import f50 from "./vscope_hooks/torch_window.py" with { type: "text" };
import f51 from "./vscope_hooks/writer_main.py" with { type: "text" };
import f52 from "./vscope_hooks/writer_process.py" with { type: "text" };
import f53 from "./vscope_hooks/writing.py" with { type: "text" };
import f54 from "./vscope_sweep/__init__.py" with { type: "text" };
import f55 from "./vscope_sweep/batch.py" with { type: "text" };
import f56 from "./vscope_sweep/between.py" with { type: "text" };
import f57 from "./vscope_sweep/cache.py" with { type: "text" };
import f58 from "./vscope_sweep/driver.py" with { type: "text" };
import f59 from "./vscope_sweep/extension.py" with { type: "text" };
import f60 from "./vscope_sweep/journal.py" with { type: "text" };
import f61 from "./vscope_sweep/messages.py" with { type: "text" };
import f62 from "./vscope_sweep/modules.py" with { type: "text" };
import f63 from "./vscope_sweep/requests.py" with { type: "text" };
import f64 from "./vscope_sweep/routing.py" with { type: "text" };
import f65 from "./vscope_sweep/runners.py" with { type: "text" };
import f66 from "./vscope_sweep/samples.py" with { type: "text" };
import f67 from "./vscope_sweep/timers/__init__.py" with { type: "text" };
import f68 from "./vscope_sweep/timers/attribution.py" with { type: "text" };
import f69 from "./vscope_sweep/timers/cpu.py" with { type: "text" };
import f70 from "./vscope_sweep/timers/kineto.py" with { type: "text" };

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
    sha256: "f204299217defb436968c9f48b0594419c0e11ce05da5b406e777b2660a01e40",
  },
  {
    path: "vscope_fleet/__init__.py",
    text: f1,
    sha256: "7829dc06627d7bc6e9efdfe70d9c334ff122526bf02126e895dabbb8dc454a7d",
  },
  {
    path: "vscope_fleet/__main__.py",
    text: f2,
    sha256: "9b0eacaab8f39a5ff319935178ddfb68a8eb7418b3dcb8dd77a099ef14b6cba1",
  },
  {
    path: "vscope_fleet/clocks.py",
    text: f3,
    sha256: "9d2041148786b8774b4e941f303b9260ecfa0f32a5e4e2e62510c6a5937cd4de",
  },
  {
    path: "vscope_fleet/folder.py",
    text: f4,
    sha256: "06ae8e921e7064a69ab05f24010ebb37e9cf66a8841ac00d927b474b3c260073",
  },
  {
    path: "vscope_fleet/job.py",
    text: f5,
    sha256: "130d517e41fc8321a595a3c77f40c851ccd6f0b0b25d5abdfad4da3aecf20464",
  },
  {
    path: "vscope_fleet/nodes.py",
    text: f6,
    sha256: "ab736174bcbd57aefbd160b81e3b8f5802cef312495b6dcc3131b5348991bbe5",
  },
  {
    path: "vscope_fleet/pieces.py",
    text: f7,
    sha256: "078d7df7d484d5ad2bb86852394477f9119740adc4894579994b59fb6ab31d21",
  },
  {
    path: "vscope_hooks-0.1.0.dist-info/METADATA",
    text: f8,
    sha256: "1a421e389af9cff8f940f79b5f1d1c585038826a16b622e1fb3e7eb65b7a3e09",
  },
  {
    path: "vscope_hooks-0.1.0.dist-info/entry_points.txt",
    text: f9,
    sha256: "7188333b15d275f6a50b109eeb6b781dd0be3ca7a536f4b826ff20e7d275d2df",
  },
  {
    path: "vscope_hooks/__init__.py",
    text: f10,
    sha256: "bb7fee73bff4b55524cd5a76dc4f7a9db069e6b2e7a60f648c8ae4451e658e8c",
  },
  {
    path: "vscope_hooks/activation.py",
    text: f11,
    sha256: "fdf2311ff4cf60d0bc733c584167fe641908cb2d9a0ec2b6f226c8f8a98d3d31",
  },
  {
    path: "vscope_hooks/clock.py",
    text: f12,
    sha256: "0ad8d2adaf263945a8310866d6995d1afdc31e07f2d4298041752a685ab430ff",
  },
  {
    path: "vscope_hooks/cost.py",
    text: f13,
    sha256: "2ab24f5c222162f1d13b06e7044371f549528981697fd3c073b6f24ef84d5af9",
  },
  {
    path: "vscope_hooks/csv_file.py",
    text: f14,
    sha256: "95e805abe0237650ce2b46ce507256f34f3c276a22247b400b9df8874b2c359a",
  },
  {
    path: "vscope_hooks/experts/__init__.py",
    text: f15,
    sha256: "b0e495aa89838cd2aa05dd99cea51c2d6fead269d27acbe767f50db89ffcbf4e",
  },
  {
    path: "vscope_hooks/experts/counters.py",
    text: f16,
    sha256: "35e81722f13972e82a1f139edb45b7a6b32e9d86d5e2fc49d04c0b5c47924f49",
  },
  {
    path: "vscope_hooks/experts/files.py",
    text: f17,
    sha256: "09604d91a418b48334647f582b42556249ba03a4a26617c60a9ec1c7c2c4e667",
  },
  {
    path: "vscope_hooks/experts/kernel.py",
    text: f18,
    sha256: "364aea6237eccaf5132c1f51fc669d5fcf4445995e377ce18ff5c89885ee4f42",
  },
  {
    path: "vscope_hooks/experts/sample.py",
    text: f19,
    sha256: "4dcf3921794a2d775cba344a3ca031078fcade6d414abe741dfd2860493e75a6",
  },
  {
    path: "vscope_hooks/experts/snapshot.py",
    text: f20,
    sha256: "9a3dde6c49dd6620ebda823e2cb03f5081840f8c829f61d22a5e292434cc7096",
  },
  {
    path: "vscope_hooks/imports.py",
    text: f21,
    sha256: "35cbb5b494a1b3e3fb19c086b7f67158e37f1d545533da6ec6e945602925e288",
  },
  {
    path: "vscope_hooks/losses.py",
    text: f22,
    sha256: "5cfd522ee32225f2228d22a8e6ba458239d588d4e7ac22b9bb3ba8d5bf57b440",
  },
  {
    path: "vscope_hooks/own_profilers.py",
    text: f23,
    sha256: "b186a9b4e4ff1a99b7ce0adc50c43bb47b3bff2ad71e8f7a7fa919b39310c14d",
  },
  {
    path: "vscope_hooks/passes.py",
    text: f24,
    sha256: "3d008f4c9e76831db3a9fe4c018454b0c4db7cf1d9571318bbcb1eb016d41acf",
  },
  {
    path: "vscope_hooks/plugin.py",
    text: f25,
    sha256: "66502f8f1a5fe727a59683b080d130b7dec9d0a4b295f661028461a7c7bb4fcf",
  },
  {
    path: "vscope_hooks/profiler.py",
    text: f26,
    sha256: "7067565ad7942c7b7e507cc752566ff421dde8d7aeffb0fdd8ed85784eedcde0",
  },
  {
    path: "vscope_hooks/profilers/__init__.py",
    text: f27,
    sha256: "146a019c29d532e81481b15a36252a8a4d2cb19cb5b3a9ee303c201ded019e3a",
  },
  {
    path: "vscope_hooks/profilers/batch_utilization.py",
    text: f28,
    sha256: "4ac2a20b251320433afc77b3550ab43998f3eec92b43d302c08ddbc2cc200bd2",
  },
  {
    path: "vscope_hooks/profilers/cpu_operations.py",
    text: f29,
    sha256: "fb0798e839b1b1e7a0d78057b951f0807ecc9596f0c7dd8009a6eb43a4d8b837",
  },
  {
    path: "vscope_hooks/profilers/cuda_events.py",
    text: f30,
    sha256: "76cbdb21ac50d0d5c732630172cd5b60d8d90f82ee2992406eb40245d1437ea5",
  },
  {
    path: "vscope_hooks/profilers/cuda_graph.py",
    text: f31,
    sha256: "945d0b2cdeae34c2e830df6f1ad530bd661043c57a1e8ff1c76c321bd7db0c1c",
  },
  {
    path: "vscope_hooks/profilers/encoder_decoder.py",
    text: f32,
    sha256: "1b3463650c317bc76181faf7cd2aaac046f86471e6824d34a588e91ab85ad423",
  },
  {
    path: "vscope_hooks/profilers/engine_facts.py",
    text: f33,
    sha256: "5f04de9ed724368830d40b9d83427592aa2ac8edb7a2d90dbd38784c47f39c2a",
  },
  {
    path: "vscope_hooks/profilers/forward_pass.py",
    text: f34,
    sha256: "dda009d748793fd6188503112b5937865a137a2bc4abce8c36282a1af5c2073b",
  },
  {
    path: "vscope_hooks/profilers/gpu_timer.py",
    text: f35,
    sha256: "55edacf45f205d89a8a415cb90e1ab7a303e5d541f55a7d3a6c2653412b170db",
  },
  {
    path: "vscope_hooks/profilers/kv_cache.py",
    text: f36,
    sha256: "60faf68cebe626fc3f2a04b951ba1f4c93a72189a3c87dab0af53ec4b9db48e8",
  },
  {
    path: "vscope_hooks/profilers/kv_eviction.py",
    text: f37,
    sha256: "a81fa4e2e0d77033e93bf6a952f7867f16429e23df92ebbe81483c2e95d754d2",
  },
  {
    path: "vscope_hooks/profilers/last_flush.py",
    text: f38,
    sha256: "4b8cc143b31c602ddd343a4bb6ecd0b27e33f03c83345c1e79c2a280f428bd27",
  },
  {
    path: "vscope_hooks/profilers/moe_expert.py",
    text: f39,
    sha256: "b695ac9525cd74aa604ac068c80a53681818d369e58ec8c271bf8da1bd32ca95",
  },
  {
    path: "vscope_hooks/profilers/pass_marks.py",
    text: f40,
    sha256: "f3153d39bbbbd60fd33a9649375199b9805469df91058147b9d4d755b0e6d173",
  },
  {
    path: "vscope_hooks/profilers/request_lifecycle.py",
    text: f41,
    sha256: "35f4eceb5f2f9ad6e9ee46bf2bf4c45da932b91467f886dd745214270742abd2",
  },
  {
    path: "vscope_hooks/profilers/request_results.py",
    text: f42,
    sha256: "bdeb4dd17ceecbdbfd97d5e35e58d5800d6f295b3b9b08ed01a29e09b3a4e420",
  },
  {
    path: "vscope_hooks/profilers/scheduler_steps.py",
    text: f43,
    sha256: "356f6dec227303ea579aaf9e23621edecd8ba0f26dc518c0de94d2144f56cea4",
  },
  {
    path: "vscope_hooks/quantization_facts.py",
    text: f44,
    sha256: "5ad00892b2be32760deaa1b46c7ae5d0fee8cbc0a6c254d0ea1d86cec23c36a7",
  },
  {
    path: "vscope_hooks/recorder.py",
    text: f45,
    sha256: "b6d8fe20486902eac9ebdea703333c940dc6bfc3b7ff9d53dd62aa2ac0ce06e9",
  },
  {
    path: "vscope_hooks/session.py",
    text: f46,
    sha256: "e48181250248a0d282c0e63f31299874a5c80aa2100b84c292810118b2deef5d",
  },
  {
    path: "vscope_hooks/sites.py",
    text: f47,
    sha256: "6fac053ed56a95ad1af75b6674026a69bf1233c26a427dec122a753786a30b71",
  },
  {
    path: "vscope_hooks/steps.py",
    text: f48,
    sha256: "49678dce46ca97f6ad826cda3b52e8df9e2836c6028c961a990560905f6bf78c",
  },
  {
    path: "vscope_hooks/table.py",
    text: f49,
    sha256: "9c819d12c6e2963091aec0ca37abd4a5f5c59bc4f5b1ca79486dda05e382ea2e",
  },
  {
    path: "vscope_hooks/torch_window.py",
    text: f50,
    sha256: "d048c7f6d5c6f777f8f4993a8a0d211ceed6266c5fa39c1a4222a0a9a7f397c9",
  },
  {
    path: "vscope_hooks/writer_main.py",
    text: f51,
    sha256: "8aed97964e52400567a50f636354a39170b54685709f4752ce8000eb5de5ae04",
  },
  {
    path: "vscope_hooks/writer_process.py",
    text: f52,
    sha256: "94503dfc4bfbc5f26408f18e557b948e91fef10709b4d99d790b26a342089f0b",
  },
  {
    path: "vscope_hooks/writing.py",
    text: f53,
    sha256: "d3e0c91c9ac000571ebc20de49ecd0fdfbabf43d14b6cadabad2f7681438c224",
  },
  {
    path: "vscope_sweep/__init__.py",
    text: f54,
    sha256: "99c0faaa4203c11148f1518b7da7d8f59dae49fe200b88c96949a0c8f93ee236",
  },
  {
    path: "vscope_sweep/batch.py",
    text: f55,
    sha256: "ed5ec7985bcd16db2873354fc77dfe5db4950cfc26152d4d53ebd2a3a7086e02",
  },
  {
    path: "vscope_sweep/between.py",
    text: f56,
    sha256: "43147b76786e7c65b8e2189457d7a57c45777c2c995e96dbb52feaa46f8b00f3",
  },
  {
    path: "vscope_sweep/cache.py",
    text: f57,
    sha256: "b4be43836765f27d942505232173ef52d8cb558f761c940d4dd60a2e0db8b009",
  },
  {
    path: "vscope_sweep/driver.py",
    text: f58,
    sha256: "49cd910b5ebe91ef713f6f8296e46c3a1198ea5377d54c986598b1eee842207a",
  },
  {
    path: "vscope_sweep/extension.py",
    text: f59,
    sha256: "1a608f0b1a77f194f4dc152fccc15402d31aeb8fcff599dfacf05063c068197f",
  },
  {
    path: "vscope_sweep/journal.py",
    text: f60,
    sha256: "eb86e3a9f37204886e262733e0d8c3de970274159df2fc6196b1709ae16c9c52",
  },
  {
    path: "vscope_sweep/messages.py",
    text: f61,
    sha256: "46a1af43bc498bc540a4044bcc8934192a2c6313021e7f269f906eb28fc51002",
  },
  {
    path: "vscope_sweep/modules.py",
    text: f62,
    sha256: "b30883d3d16398c7315c956b2ada3f564fa714732b274d9bc2cf4ff3b020dfd4",
  },
  {
    path: "vscope_sweep/requests.py",
    text: f63,
    sha256: "7c7469f9ba7bd5b4625b947321fb5f780a6a30a280aa612397d60c603ed676c1",
  },
  {
    path: "vscope_sweep/routing.py",
    text: f64,
    sha256: "f8176dbe072694d51ecaee81fca128eeb632c9f39090355c8000c548fcc11f6a",
  },
  {
    path: "vscope_sweep/runners.py",
    text: f65,
    sha256: "a7c75e5b32cf667add3ad3513670a33704fdc0306911f5877aa659a63d31c06e",
  },
  {
    path: "vscope_sweep/samples.py",
    text: f66,
    sha256: "249d38f691942ff5103b8e570e0db2de548003b826fdb7696a1c7f57f3ec8bd1",
  },
  {
    path: "vscope_sweep/timers/__init__.py",
    text: f67,
    sha256: "f56fa2fa3aa59a18db9ec9ba2276445a83f20a78e849b35a90caea6d594e3f6f",
  },
  {
    path: "vscope_sweep/timers/attribution.py",
    text: f68,
    sha256: "5bf3e24916dca59e6a427708116ebb7eeb6e5e123304b963139c0342ca3355b2",
  },
  {
    path: "vscope_sweep/timers/cpu.py",
    text: f69,
    sha256: "2ac30b57ed0252d6661a7ca8ef274dbd43ffdacf6d60c2f49c48faa635393e3f",
  },
  {
    path: "vscope_sweep/timers/kineto.py",
    text: f70,
    sha256: "35167c48d7ea39f2434a6a371b1648d56aac4fd28af634f80de51481b3c4c6ab",
  },
];
