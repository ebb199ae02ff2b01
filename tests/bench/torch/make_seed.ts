/**
 * Adds a device's side to a trace that vLLM's CPU build has recorded: `make_seed.ts IN OUT.json.gz`.
 *
 * Ranges and operators stay as they were recorded. For each operator that computes something a call
 * of CUDA's library, the kernel that it launches and the flow between them are added, with the keys
 * and the order that Kineto gives them and with names of kernels of vLLM's CUDA build. Decode steps
 * replay graphs: one call, many kernels. This is a shape to measure readers with, no measurement of a
 * GPU.
 *
 * @module
 */

interface Event {
  ph: string;
  cat?: string;
  name: string;
  ts: number;
  dur: number;
  pid: number;
  tid: number;
  args?: Record<string, unknown>;
}

/** Kernels by the operators that launch them. */
const KERNELS: readonly (readonly [RegExp, string, number])[] = [
  [/^aten::(mm|addmm|linear)$/, "nvjet_tst_128x64_64x9_1x2_h_bz_TNT", 9.312],
  [
    /attention_with_kv_cache$/,
    "void flash::flash_fwd_splitkv_kernel<Flash_fwd_kernel_traits<128, 64, 128, 4, false, false, " +
    "cutlass::bfloat16_t, Flash_kernel_traits<128, 64, 128, 4, cutlass::bfloat16_t> >, true, " +
    "false, false, false, true, true, false, false>(flash::Flash_fwd_params)",
    7.104,
  ],
  [
    /reshape_and_cache|kv_cache_update$/,
    "void vllm::reshape_and_cache_flash_kernel<__nv_bfloat16, __nv_bfloat16, " +
    "(vllm::Fp8KVCacheDataType)0>(__nv_bfloat16 const*, __nv_bfloat16 const*, __nv_bfloat16*, " +
    "__nv_bfloat16*, long const*, long, long, long, long, long, int, int, int)",
    1.952,
  ],
  [
    /^aten::(pow|rsqrt|mean)$|rms_norm/,
    "void vllm::rms_norm_kernel<c10::BFloat16, 8, 2, false>(c10::BFloat16*, c10::BFloat16 const*, " +
    "long, long, long, long, long, c10::BFloat16 const*, long, float, int, int)",
    2.144,
  ],
  [
    /^aten::copy_$/,
    "void at::native::unrolled_elementwise_kernel<at::native::direct_copy_kernel_cuda(" +
    "at::TensorIteratorBase&)::{lambda()#3}::operator()() const::{lambda()#7}::operator()() " +
    "const::{lambda(float)#1}, std::array<char*, 2ul>, 4, TrivialOffsetCalculator<1, unsigned " +
    "int>, TrivialOffsetCalculator<1, unsigned int>, at::native::memory::LoadWithCast<1>, " +
    "at::native::memory::StoreWithCast<1> >(int, float)",
    1.6,
  ],
  [
    /^aten::(mul|add|div_|sub|silu)$/,
    "void at::native::vectorized_elementwise_kernel<4, at::native::BinaryFunctor<c10::BFloat16, " +
    "c10::BFloat16, c10::BFloat16, at::native::binary_internal::MulFunctor<float> >, " +
    "std::array<char*, 3ul> >(int, std::array<char*, 3ul>)",
    1.44,
  ],
  [
    /^aten::(sort|topk|argmax|_softmax|exponential_)$/,
    "void at::native::(anonymous namespace)::cunn_SoftMaxForward<4, float, float, float, " +
    "at::native::(anonymous namespace)::SoftMaxForwardEpilogue>(float*, float const*, int)",
    5.728,
  ],
];

const STREAM = 7;

/** The device's side of a host's events, in the order in which Kineto lists it. */
function deviceSide(host: readonly Event[]): Event[] {
  const steps = host.filter(({ name }) => name.startsWith("execute_context_"));
  const added: Event[] = [];
  let correlation = 1;
  let free = 0;
  let graph: { step: Event; correlation: number; node: number } | undefined;
  for (const operator of host) {
    const [, name, micros] = KERNELS.find(([pattern]) => pattern.test(operator.name)) ?? [];
    if (name === undefined || micros === undefined) continue;
    const { ts, pid, tid } = operator;
    const step = steps.find((one) => one.ts <= ts && ts <= one.ts + one.dur);
    const replayed = step?.name.startsWith("execute_context_0") ?? false;
    const first = replayed && graph?.step !== step;
    if (replayed && first) graph = { step: step!, correlation: ++correlation, node: 0 };
    const own = replayed ? graph!.correlation : ++correlation;
    const launch = replayed ? step!.ts + 40 : ts + 1.5;
    // Some variety: equal kernels do not take equal times.
    const dur = micros * (1 + (correlation * 37 + added.length * 11) % 23 / 40);
    const start = Math.max(free + 0.9, launch + 5.2);
    free = start + dur;
    added.push(kernel(name, start, dur, own, operator, replayed ? ++graph!.node : 0));
    added.push({ ...flow("f", start, 0, STREAM, own), bp: "e" } as Event);
    if (replayed && !first) continue;
    const call = replayed ? "cudaGraphLaunch" : "cudaLaunchKernel";
    added.push({
      ph: "X",
      cat: "cuda_runtime",
      name: call,
      pid,
      tid,
      ts: launch,
      dur: replayed ? 38.4 : 4.1,
      args: { "External id": external(operator), cbid: replayed ? 311 : 211, correlation: own },
    }, flow("s", launch, pid, tid, own));
  }
  return added;
}

function kernel(
  name: string,
  ts: number,
  dur: number,
  correlation: number,
  operator: Event,
  node: number,
): Event {
  return {
    ph: "X",
    cat: "kernel",
    name,
    pid: 0,
    tid: STREAM,
    ts,
    dur,
    args: {
      "External id": external(operator),
      queued: 0,
      device: 0,
      context: 1,
      stream: STREAM,
      correlation,
      "registers per thread": 64,
      "shared memory": 16384,
      "blocks per SM": 0.969697,
      "warps per SM": 7.757576,
      grid: [128, 1, 1],
      block: [256, 1, 1],
      "est. achieved occupancy %": 12,
      ...(node > 0 ? { "graph id": 3, "graph node id": node } : {}),
    },
  };
}

function flow(ph: string, ts: number, pid: number, tid: number, id: number): Event {
  return { ph, id, pid, tid, ts, cat: "ac2g", name: "ac2g" } as unknown as Event;
}

function external(operator: Event): unknown {
  return operator.args?.["External id"] ?? 0;
}

if (import.meta.main) {
  const [from, to] = Deno.args;
  const packed = await Deno.open(from!);
  const text = await new Response(packed.readable.pipeThrough(new DecompressionStream("gzip")))
    .text();
  const { traceEvents, ERROR: _error, host_name: _host, traceName: _name, ...beside } = JSON.parse(
    text,
  ) as { traceEvents: Event[] } & Record<string, unknown>;
  const host = traceEvents.filter(({ ph, cat }) => ph === "X" && cat !== "Trace");
  const rest = traceEvents.filter((event) => !host.includes(event));
  const whole = { ...beside, traceEvents: [...host, ...deviceSide(host), ...rest] };
  const stream = new Blob([JSON.stringify(whole)]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(to!, stream);
}
