#!/bin/sh
# Measures the sweeps that perf/H200 is to hold, one after the other on one GPU, until the time is over.
#   perf.sh SITE OUT SECONDS NAME…    SITE: unpacked vLLM; OUT: where bundles are packed, each once it is done
#     NAME: passes (whether shots may go without a pass that warms up and without sampling: where they may, the
#       sweeps behind it do), qwen (TP 1, 2, 4), fp8 (Qwen as fp8-kvfp8), llama (TP 1, 2), experts (with the finer
#       moe grid), gemm (the linear layers of llama against torch alone)
# What the time cuts off is packed too: its journal is what BEGUN=1 begins with, from tests/gpu/begun; what is there
# is not measured again, but for fp8's layers per sequence. On several GPUs: one of these for each, with
# CUDA_VISIBLE_DEVICES; the sampler's times want a host that does nothing else (docs/benchmarks.md).
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where sweeps go.
# Needs no network: `./dev build` beforehand makes dist/vscope, which needs nothing but itself.
set -u
site=$1 out=$2 end=$(($(date +%s) + $3))
shift 3
here=$(cd "$(dirname "$0")" && pwd)
vscope=${VSCOPE:-$here/../../dist/vscope}
work=${WORK:-${TMPDIR:-/tmp}/vscope-perf}
export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
export VLLM_USE_FLASHINFER_SAMPLER=0 VLLM_NO_USAGE_STATS=1
hardware=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -1 | sed 's/^NVIDIA //; s/ .*//')
mkdir -p "$out" "$work"
failed=0

# begin NAME BEGUN: its folder, with the journal to go on with
begin() {
  [ -d "$work/$1" ] && return
  mkdir -p "$work/$1"
  # Only what has been measured on this kind of GPU goes on.
  if [ "${BEGUN:-0}" = 1 ] && [ "$hardware" = H200 ] && [ "$2" != - ]; then
    xz -dc "$here/begun/$2.journal.xz" > "$work/$1/journal.log"
  fi
}

# fire NAME ARGUMENTS…: what its journal lacks
fire() {
  name=$1 dir=$work/$1
  shift
  left=$((end - $(date +%s)))
  [ "$left" -gt 60 ] || { echo "$name: no time is left" && return 1; }
  start=$(date +%s)
  timeout -s INT -k 30 "$left" "$vscope" sweep --json --out "$dir" --hardware "$hardware" \
    --time-budget "$((left - 15))s" "$@" > "$out/$name.json" 2>> "$out/$name.log"
  code=$?
  echo "$name: ended with $code after $(($(date +%s) - start)) s"
  if [ "$code" != 0 ]; then failed=1; fi
}

# sweep NAME BEGUN ARGUMENTS…
sweep() {
  name=$1 dir=$work/$1
  begin "$1" "$2"
  shift 2
  fire "$name" "$@" || return
  python3 "$here/sweep_check.py" speed "$dir"
  "$vscope" bundle validate "$dir" || failed=1
  "$vscope" bundle lint "$dir" || failed=1
  (cd "$work" && tar -cf - "$name") | xz -T0 -3 > "$out/$name.part" && mv "$out/$name.part" "$out/$name.tar.xz"
}

for what in "$@"; do
  case $what in
    passes)
      few="--model Qwen/Qwen3-0.6B --tp-degrees 1 --skip-skew --attention-max-kv 4096 --attention-kv-factor 4"
      for way in whole lean; do
        if [ "$way" = lean ]; then export VSCOPE_SWEEP_LEAN=1; else export VSCOPE_SWEEP_LEAN=0; fi
        # shellcheck disable=SC2086
        sweep "passes-$way" - $few
      done
      # Shots per sequence sample either way.
      python3 "$here/sweep_check.py" agree "$work/passes-whole" "$work/passes-lean" 2 dense attention ||
        export VSCOPE_SWEEP_LEAN=0
      echo "the sweeps behind these have VSCOPE_SWEEP_LEAN=$VSCOPE_SWEEP_LEAN"
      echo "$VSCOPE_SWEEP_LEAN" > "$out/lean"
      ;;
    qwen) sweep qwen Qwen3-0.6B --model Qwen/Qwen3-0.6B --tp-degrees 1,2,4 --validate 300 ;;
    fp8)
      fp8="--model Qwen/Qwen3-0.6B --tp-degrees 1 --dtype fp8 --kv-cache-dtype fp8"
      begin fp8 Qwen3-0.6B-fp8
      # The sampler's times were disturbed. After that the rest is there, and all tables are written.
      # shellcheck disable=SC2086
      [ "${BEGUN:-0}" != 1 ] || fire fp8 $fp8 --only per_sequence --force
      # shellcheck disable=SC2086
      sweep fp8 Qwen3-0.6B-fp8 $fp8
      ;;
    llama) sweep llama Llama-3.1-8B --model meta-llama/Llama-3.1-8B --tp-degrees 1,2 --validate 300 ;;
    experts)
      sweep experts - --model Qwen/Qwen3-30B-A3B-Instruct-2507 --tp-degrees 1 --validate 300 --moe-factor 1.25
      ;;
    gemm)
      # Its products are long: the gap between two kernels is a percent of them, or less.
      python3 "$here/sweep_gemm.py" "$here/../../configs/model/meta-llama/Llama-3.1-8B.json" > "$out/gemm.json" ||
        failed=1
      python3 "$here/sweep_check.py" gemm "$work/llama" "$out/gemm.json" 5 > "$out/gemm.txt" || failed=1
      cat "$out/gemm.txt"
      ;;
    *) echo "there is no $what" && failed=1 ;;
  esac
done
exit $failed
