#!/bin/sh
# Records small and large nsys captures of a real vLLM, with what `nsys stats` says of them.
#   nsys.sh SITE OUT NAME ARGUMENTS-OF-NSYS_RUN…    (nsys on the PATH; SITE: unpacked vLLM)
# GRAPHS=graph traces CUDA graphs as a whole instead of node by node.
set -u
site=$1 out=$2 name=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
work=${WORK:-${TMPDIR:-/tmp}/vscope-nsys}/$name
mkdir -p "$out" "$work"
# nsys keeps the whole environment in its files: it is given only what the run needs.
env -i PATH="$PATH" HOME="$HOME" LANG=C.UTF-8 LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" PYTHONPATH="$site" \
  HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1 VLLM_USE_FLASHINFER_SAMPLER=0 VLLM_NO_USAGE_STATS=1 \
  VLLM_NVTX_SCOPES_FOR_PROFILING=1 VLLM_WORKER_MULTIPROC_METHOD=spawn \
  CUDA_VISIBLE_DEVICES="${CUDA_VISIBLE_DEVICES:-0}" NCCL_NVLS_ENABLE=0 \
  TORCH_SYMM_MEM_DISABLE_MULTICAST=1 NVSHMEM_DISABLE_NVLS=1 \
  timeout "${LIMIT:-300}" nsys profile -o "$work/rep" --force-overwrite=true --export=sqlite \
  --trace=cuda,nvtx --sample=none --cpuctxsw=none --trace-fork-before-exec=true \
  --cuda-graph-trace="${GRAPHS:-node}" --capture-range=cudaProfilerApi --capture-range-end=stop \
  python3 "$here/nsys_run.py" "$work/models" "$@" > "$out/$name.log" 2>&1
echo "nsys profile: exit code $?" >> "$out/$name.log"
ls -l "$work" >> "$out/$name.log"
for report in cuda_gpu_kern_sum cuda_gpu_mem_time_sum cuda_gpu_mem_size_sum cuda_api_sum nvtx_sum; do
  begin=$(date +%s%N)
  nsys stats --report "$report" --format csv "$work/rep.sqlite" > "$out/$name.$report.csv" 2>> "$out/$name.log"
  echo "nsys stats $report: $((($(date +%s%N) - begin) / 1000000)) ms" >> "$out/$name.log"
done
xz -T0 -6 -c "$work/rep.sqlite" > "$out/$name.sqlite.xz"
grep -h "^CLIENT" "$out/$name.log" > "$out/$name.client.json"
tail -9 "$out/$name.log"
ls -l "$out/$name.sqlite.xz"
