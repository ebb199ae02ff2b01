#!/bin/sh
# Runs what is still to be run on a GPU, spread over the GPUs of this host, until the time is over.
#   queues.sh SITE OUT SECONDS [DW]    SITE: unpacked vLLM; OUT: where results go; DW: unpacked libdw1 and libelf1, for
#     nsys' importer. Returns at once: queues go on in sessions of their own, each with a log OUT/queueN.log and a file
#     OUT/endedN at its end.
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where sweeps and sessions go.
# Needs no network: `./dev build` beforehand makes dist/vscope, which needs nothing but itself.
set -u
mkdir -p "$2"
site=$(realpath "$1") out=$(realpath "$2") dw=${4:+$(realpath "$4")}
here=$(cd "$(dirname "$0")" && pwd)
work=$(realpath -m "${WORK:-${TMPDIR:-/tmp}/vscope-queues}")
end=${END:-$(($(date +%s) + $3))}
export VSCOPE="${VSCOPE:-$here/../../dist/vscope}" HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
export VLLM_USE_FLASHINFER_SAMPLER=0 VLLM_NO_USAGE_STATS=1

left() { echo $((end - $(date +%s))); }
# What a queue does: its log tells when, and what is left of the time.
say() { echo "[$(date +%T), $(left) s left] $*"; }

perf() {
  say "perf $*"
  WORK=$work/$n sh "$here/perf.sh" "$site" "$out/perf$n" "$(left)" "$@"
  say "perf ended with $?"
}

overhead() {
  say overhead
  mkdir -p "$work/overhead" "$out/overhead"
  PYTHONPATH=$here/../../hooks:$site VLLM_PROFILING_DIR=$work/overhead/sessions timeout -s KILL "$(left)" \
    python3 "$here/overhead.py" "$work/overhead/work" "$work/overhead/sessions" 30 > "$out/overhead.log" 2>&1
  say "overhead ended with $?"
  tail -2 "$out/overhead.log"
  for folder in "$work"/overhead/sessions/session_*/processes/*/; do
    cp "$folder/process.json" "$out/overhead/$(basename "$folder").json"
  done
}

gate() {
  say gate
  END=$((end - 30)) WORK=$work/gate LIMIT=240 sh "$here/gate.sh" "$site" "$out/gate" > "$out/gate.log" 2>&1
  say "gate ended with $?"
  tail -1 "$out/gate.log"
}

examples() {
  say examples
  WORK=$work/examples LIMIT=150 sh "$here/examples.sh" "$site" "$out/examples" > "$out/examples.log" 2>&1
  say "examples ended with $?"
}

experiments() {
  say experiments
  timeout "$(left)" sh "$here/experiments.sh" "$site" "$work/experiments" > "$out/experiments.log" 2>&1
  say "experiments ended with $?"
  (cd "$work" && tar --exclude=work -cf - experiments) | xz -T0 -3 > "$out/experiments.tar.xz"
}

# On two GPUs.
ranks() {
  say "nsys on two ranks"
  (
    cd "$work" || exit 1
    export PATH="/opt/nvidia/nsight-compute/2025.3.1/host/target-linux-x64:$PATH"
    LD_LIBRARY_PATH=$dw/usr/lib/x86_64-linux-gnu CUDA_VISIBLE_DEVICES=$1 LIMIT=300 WORK=$work/nsys \
      sh "$here/nsys.sh" "$site" "$out/nsys" tp2 dense graphs layers=6 requests=16 tokens=8 tp=2
  )
  say "nsys ended with $?"
}

# One after the other, whatever becomes of each, as long as there is a minute.
then_all() {
  for what in "$@"; do
    [ "$(left)" -lt 60 ] || $what
  done
}

# Queue N of so many GPUs. A TP degree takes seven minutes, the gate and overhead a quarter of an hour each. What overhead finds
# beside other work is rough; alone on a host (1.0) it is not.
queue() {
  case $1.$n in
    4.0) then_all "perf qwen" ;;
    4.1)
      then_all "perf llama gemm" experiments
      until [ -e "$out/ended3" ] || [ "$(left)" -lt 330 ]; do sleep 1; done
      [ ! -e "$out/ended3" ] || then_all "ranks 1,3"
      ;;
    4.2) then_all "perf experts" overhead ;;
    4.3) then_all examples gate ;;
    2.0) then_all "perf qwen" ;;
    2.1) then_all "perf llama gemm experts" ;;
    1.0) then_all examples experiments "perf qwen" overhead ;;
  esac
  say "the queue has ended"
  touch "$out/ended$n"
}

if [ -n "${QUEUE:-}" ]; then
  n=$QUEUE
  # First starts at the same time would write the same caches.
  export HOME="$work/home$n" TMPDIR="$work/tmp$n" CUDA_VISIBLE_DEVICES="$n"
  mkdir -p "$HOME" "$TMPDIR"
  queue "$5"
  exit
fi
mkdir -p "$work"
rm -f "$out"/ended*
count=$(nvidia-smi --list-gpus | wc -l)
[ "$count" -lt 4 ] || count=4
[ "$count" != 3 ] || count=2
# Each has processor cores of its own, so that none slows another.
share=$(($(nproc) / count)) place=0
while [ "$place" -lt "$count" ]; do
  pin="taskset -c $((place * share))-$((place * share + share - 1))"
  $pin true 2> /dev/null || pin=
  QUEUE=$place END=$end setsid $pin sh "$0" "$site" "$out" "$3" "$dw" "$count" > "$out/queue$place.log" 2>&1 < /dev/null &
  place=$((place + 1))
done
