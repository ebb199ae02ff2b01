#!/bin/sh
# Goes on with the sweeps that perf/H200 is to hold, one after the other on one GPU, until the time is over.
#   perf.sh SITE OUT SECONDS NAME…    SITE: unpacked vLLM; OUT: where bundles are packed, each once it is done
#     NAME: qwen (TP 1, 2, 4), fp8 (Qwen as fp8-kvfp8), experts (with the finer moe grid), llama (TP 1, 2),
#       gemm (the linear layers of llama against torch alone)
# What tests/gpu/begun and perf/ have of them is not measured again. What the time cuts off is packed too: its
# journal is what the next run begins with. On several GPUs: one of these for each, with CUDA_VISIBLE_DEVICES.
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

# sweep NAME BEGUN PUBLISHED ARGUMENTS…: a journal and a bundle to go on with, each - where there is none
sweep() {
  name=$1 begun=$2 published=$3 dir=$work/$1
  shift 3
  left=$((end - $(date +%s)))
  [ "$left" -gt 60 ] || { echo "$name: no time is left" && return; }
  if [ ! -d "$dir" ]; then
    mkdir -p "$dir"
    # Only what has been measured on this kind of GPU goes on.
    if [ "$published" != - ] && [ -d "$here/../../perf/$hardware/$published" ]; then
      cp -r "$here/../../perf/$hardware/$published/." "$dir"
    fi
    if [ "$begun" != - ] && [ "$hardware" = H200 ]; then
      xz -dc "$here/begun/$begun.journal.xz" > "$dir/journal.log"
    fi
  fi
  begin=$(date +%s)
  timeout -s INT -k 30 "$left" "$vscope" sweep --json --out "$dir" --hardware "$hardware" \
    --time-budget "$((left - 15))s" "$@" > "$out/$name.json" 2> "$out/$name.log"
  code=$?
  echo "$name: ended with $code after $(($(date +%s) - begin)) s"
  [ "$code" = 0 ] || failed=1
  python3 "$here/sweep_check.py" speed "$dir"
  "$vscope" bundle validate "$dir" || failed=1
  "$vscope" bundle lint "$dir" || failed=1
  (cd "$work" && tar -cf - "$name") | xz -T0 -3 > "$out/$name.part" && mv "$out/$name.part" "$out/$name.tar.xz"
}

for what in "$@"; do
  case $what in
    qwen) sweep qwen Qwen3-0.6B - --model Qwen/Qwen3-0.6B --tp-degrees 1,2,4 --validate 300 ;;
    fp8) sweep fp8 - - --model Qwen/Qwen3-0.6B --tp-degrees 1 --dtype fp8 --kv-cache-dtype fp8 ;;
    experts)
      sweep experts Qwen3-30B-A3B Qwen/Qwen3-30B-A3B-Instruct-2507/bf16 \
        --model Qwen/Qwen3-30B-A3B-Instruct-2507 --tp-degrees 1 --validate 300 --moe-factor 1.25
      ;;
    llama) sweep llama Llama-3.1-8B - --model meta-llama/Llama-3.1-8B --tp-degrees 1,2 --validate 300 ;;
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
