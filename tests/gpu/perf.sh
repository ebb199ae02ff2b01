#!/bin/sh
# Measures the sweeps that perf/H200 is to hold, one after the other on one GPU, until the time is over.
#   perf.sh SITE OUT SECONDS NAME…    SITE: unpacked vLLM; OUT: where bundles are packed, each once it is done
#     NAME: passes (whether shots without a pass that warms up and without sampling find the same times), qwen (TP 1,
#       2, 4), fp8 (Qwen as fp8-kvfp8), llama (TP 1, 2), experts (with the finer moe grid), gemm (the linear layers of
#       llama against torch alone)
# What the time cuts off is packed too. On several GPUs: one of these for each, with CUDA_VISIBLE_DEVICES; the sampler's times want a
# host that does nothing else (docs/benchmarks.md). publish.py makes of a sweep what perf/H200 holds.
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where sweeps go.
# Needs no network: `./dev build` beforehand makes dist/vscope, which needs nothing but itself.
set -u
site=$1 out=$2 end=$(($(date +%s) + $3))
shift 3
here=$(cd "$(dirname "$0")" && pwd)
name=perf
. "$here/place.sh"
hardware=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -1 | sed 's/^NVIDIA //; s/ .*//')
failed=0 so_far=

# sweep NAME ARGUMENTS…: measures what its journal lacks, and packs it
sweep() {
  name=$1 dir=$work/$1
  shift
  left=$((end - $(date +%s)))
  [ "$left" -gt 120 ] || { echo "$name: no time is left" && return; }
  start=$(date +%s)
  # An engine ends, a session is merged, tables and a report are written: what follows the budget takes half a minute.
  timeout -s INT -k 30 "$left" "$vscope" sweep --json --out "$dir" --hardware "$hardware" \
    --time-budget "$((left - 45))s" "$@" > "$out/$name.json" 2>> "$out/$name.log"
  code=$?
  echo "$name: ended with $code after $(($(date +%s) - start)) s"
  if [ "$code" != 0 ]; then failed=1; fi
  python3 "$here/sweep_check.py" speed "$dir"
  "$vscope" bundle validate "$dir" || failed=1
  "$vscope" bundle lint "$dir" || failed=1
  packed=$name${so_far:+-tp$so_far}
  (cd "$work" && tar -cf - "$name") | xz -T0 -3 > "$out/$packed.part" && mv "$out/$packed.part" "$out/$packed.tar.xz"
}

# degrees NAME "DEGREES…" ARGUMENTS…: one TP degree after the other, packed after each, so that little is lost with a machine
degrees() {
  of=$1 all=$2 so_far=
  shift 2
  for degree in $all; do
    so_far=$so_far${so_far:+,}$degree
    sweep "$of" --tp-degrees "$so_far" "$@"
  done
  so_far=
}

for what in "$@"; do
  case $what in
    passes)
      few="--model Qwen/Qwen3-0.6B --tp-degrees 1 --skip-skew --attention-max-kv 4096 --attention-kv-factor 4"
      for way in whole lean; do
        if [ "$way" = lean ]; then export VSCOPE_SWEEP_LEAN=1; else export VSCOPE_SWEEP_LEAN=0; fi
        # shellcheck disable=SC2086
        sweep "passes-$way" $few
      done
      unset VSCOPE_SWEEP_LEAN
      # Shots per sequence sample either way.
      python3 "$here/sweep_check.py" agree "$work/passes-whole" "$work/passes-lean" 2 dense attention || failed=1
      ;;
    qwen) degrees qwen "1 2 4" --model Qwen/Qwen3-0.6B --validate 300 ;;
    fp8) degrees fp8 1 --model Qwen/Qwen3-0.6B --dtype fp8 --kv-cache-dtype fp8 ;;
    llama) degrees llama "1 2" --model meta-llama/Llama-3.1-8B --validate 300 ;;
    experts) degrees experts 1 --model Qwen/Qwen3-30B-A3B-Instruct-2507 --validate 300 --moe-factor 1.25 ;;
    gemm)
      # Its products are long: the gap between two kernels is a percent of them, or less.
      timeout 120 python3 "$here/sweep_gemm.py" "$here/../../configs/model/meta-llama/Llama-3.1-8B.json" > "$out/gemm.json" ||
        failed=1
      python3 "$here/sweep_check.py" gemm "$work/llama" "$out/gemm.json" 5 > "$out/gemm.txt" || failed=1
      cat "$out/gemm.txt"
      ;;
    *) echo "there is no $what" && failed=1 ;;
  esac
done
exit $failed
