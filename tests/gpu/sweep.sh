#!/bin/sh
# Measures sweeps on a GPU, and checks them by each other and by a benchmark of torch's own.
#   sweep.sh SITE OUT [NAME…]    SITE: unpacked vLLM; OUT: where bundles and small results go
#     NAME: runners agree gemm default; all of them where none is given
#       runners  a small sweep with the V1 and the V2 model runner: the same kernels, the same times
#       agree    the same small sweep twice: rows above 20 µs within 2 %
#       gemm     linear layers of `default` (or of a dense sweep, where that was not run) against torch
#       default  Qwen3-0.6B, TP degree 1, all defaults, skew included: under 10 minutes of firing
# Other TP degrees, types and models: perf.sh.
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where sweeps go (the same command goes on
# with what is there), $BUDGET: time for each sweep, $LIMIT: the same in seconds, hard.
# Needs no network: `./dev build` beforehand makes dist/vscope, which needs nothing but itself.
set -u
site=$1 out=$2
shift 2
[ $# -gt 0 ] || set -- runners agree default gemm
here=$(cd "$(dirname "$0")" && pwd)
vscope=${VSCOPE:-$here/../../dist/vscope}
work=${WORK:-${TMPDIR:-/tmp}/vscope-sweep}
export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
export VLLM_NO_USAGE_STATS=1
# Its first start compiles for minutes; what the sampler costs with it is measured where this is unset.
export VLLM_USE_FLASHINFER_SAMPLER="${VLLM_USE_FLASHINFER_SAMPLER-0}"
mkdir -p "$out" "$work"
python=$(command -v python3)
hardware=${HARDWARE:-$(nvidia-smi --query-gpu=name --format=csv,noheader | head -1 | sed 's/^NVIDIA //; s/ .*//')}
failed=0
# A tenth of the default grid, with every kind of shot but moe.
small="--max-num-batched-tokens 1024 --max-num-seqs 64 --attention-max-kv 4096 --attention-chunk-factor 8
  --attention-kv-factor 8 --skew-n-factor 8 --skew-pc-factor 8 --skew-kp-factor 8 --skew-kvs-factor 8"

model=$(
  python3 - "$here" "$work/models/dense" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from models import DENSE, make
print(make(sys.argv[2], DENSE))
PY
)

sweep() { # NAME ARGUMENTS…
  name=$1
  shift
  mkdir -p "$out/$name"
  begin=$(date +%s)
  timeout -s INT -k 60 "${LIMIT:-3000}" "$vscope" sweep --json --out "$work/$name" --model "$model" \
    --hardware "$hardware" --python "$python" ${BUDGET:+--time-budget "$BUDGET"} "$@" \
    > "$out/$name/outcome.json" 2> "$out/$name/vscope.log"
  code=$?
  echo "$name: vscope sweep ended with $code after $(($(date +%s) - begin)) s, engines included"
  tail -c 20000 "$out/$name/vscope.log" > "$out/$name/log" && mv "$out/$name/log" "$out/$name/vscope.log"
  (cd "$work" && tar -cf - "$name") | xz -T0 > "$out/$name/bundle.tar.xz"
  for file in "$work/$name"/logs/*; do tail -c 40000 "$file" > "$out/$name/$(basename "$file")"; done
  "$vscope" bundle validate "$work/$name" > "$out/$name/validate.txt" 2>&1 || failed=1
  "$vscope" bundle lint "$work/$name" > "$out/$name/lint.txt" 2>&1 || { failed=1; cat "$out/$name/lint.txt"; }
  python3 "$here/sweep_check.py" speed "$work/$name" > "$out/$name/speed.txt" || failed=1
  cat "$out/$name/speed.txt"
  [ "$code" = 0 ] || failed=1
}

for what in "$@"; do
  echo "=== $what"
  case $what in
    runners)
      # shellcheck disable=SC2086
      VLLM_USE_V2_MODEL_RUNNER=0 sweep runner-v1 --tp-degrees 1 $small
      # shellcheck disable=SC2086
      VLLM_USE_V2_MODEL_RUNNER=1 sweep runner-v2 --tp-degrees 1 $small
      python3 "$here/sweep_check.py" agree "$work/runner-v1" "$work/runner-v2" 5 || failed=1
      ;;
    agree)
      for turn in one two; do
        # shellcheck disable=SC2086
        sweep "agree-$turn" --tp-degrees 1 $small
      done
      python3 "$here/sweep_check.py" agree "$work/agree-one" "$work/agree-two" 2 || failed=1
      ;;
    default) sweep default --tp-degrees 1 ;;
    gemm)
      from=$work/default
      if [ ! -f "$from/tp1/dense.csv" ]; then
        from=$work/dense
        sweep dense --tp-degrees 1 --only dense
      fi
      python3 "$here/sweep_gemm.py" "$model/config.json" > "$out/gemm.json" || failed=1
      python3 "$here/sweep_check.py" gemm "$from" "$out/gemm.json" 5 > "$out/gemm.txt" || failed=1
      cat "$out/gemm.txt"
      ;;
    *) echo "there is no $what" && failed=1 ;;
  esac
done
exit $failed
