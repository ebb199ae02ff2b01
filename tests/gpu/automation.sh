#!/bin/sh
# Runs the automation on a GPU, and checks what it says of itself.
#   automation.sh SITE OUT [NAME…]    SITE: unpacked vLLM; OUT: where small results go
#     NAME: quick-dense quick-experts full-dense full-experts resume-dense, or all
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where bundles go, $LAYERS: layers of the
# model of 128 experts (8: all 48 take minutes to fill with noise). nsys and ncu on the PATH, or below /opt.
# Needs no network: `./dev build` beforehand makes dist/vscope, which needs nothing but itself.
set -u
site=$1 out=$2
shift 2
[ $# -gt 0 ] || set -- quick-dense quick-experts resume-dense full-dense full-experts
here=$(cd "$(dirname "$0")" && pwd)
name=automation
. "$here/place.sh"
python=$(command -v python3)
failed=0

model_of() { # folder of a model, made of its config and of a small tokenizer
  mkdir -p "$work/models/$1"
  python3 "$here/../../kit/engine/private/make_tokenizer.py" "$work/models/$1/tokenizer.json"
  printf '{"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<eos>", "pad_token": "<pad>"}\n' \
    > "$work/models/$1/tokenizer_config.json"
  python3 - "$here" "$work/models/$1" "$1" "${LAYERS:-8}" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from models import DENSE, EXPERTS, make
dense = sys.argv[3] == "dense"
changes = {} if dense else {"num_hidden_layers": int(sys.argv[4])}
print(make(sys.argv[2], DENSE if dense else EXPERTS, **changes))
PY
}

keep() { # name bundle: what is small enough to be looked at later
  for part in . nsys ncu moe; do
    for file in report.html bundle.json analysis.json raw.csv; do
      [ -f "$2/$part/$file" ] || continue
      mkdir -p "$out/$1/$part"
      cp "$2/$part/$file" "$out/$1/$part/$file"
    done
  done
  cp "$2/journal.jsonl" "$out/$1/" 2>/dev/null
  cp -r "$2/logs" "$out/$1/" 2>/dev/null
  for part in nsys ncu moe; do
    [ -d "$2/$part/logs" ] || continue
    mkdir -p "$out/$1/$part/logs"
    for log in "$2/$part/logs"/*; do tail -c 40000 "$log" > "$out/$1/$part/logs/$(basename "$log")"; done
  done
  du -sk "$2"/* > "$out/$1/sizes-kB"
}

run() { # name seconds bundle recipe model ARGUMENTS…
  name=$1 limit=$2 bundle=$3 recipe=$4 model=$5
  shift 5
  mkdir -p "$out/$name"
  begin=$(date +%s)
  timeout -s INT -k 60 "$limit" "$vscope" "$recipe" --json --out "$bundle" --model "$model" --python "$python" \
    --load-format dummy "$@" -- --max-model-len 4096 --max-num-seqs 128 --gpu-memory-utilization 0.6 \
    > "$out/$name/outcome.json" 2> "$out/$name/vscope.log"
  code=$?
  echo "$name: vscope $recipe ended with $code after $(($(date +%s) - begin)) s"
  keep "$name" "$bundle"
  return $code
}

check() { python3 "$here/automation_check.py" "$out/$1" "$2" || failed=1; }

for name in "$@"; do
  what=${name%-*} model=$(model_of "${name#*-}")
  bundle=$work/$name
  rm -rf "$bundle"
  echo "=== $name"
  case $what in
    quick) run "$name" "${QUICK_LIMIT:-420}" "$bundle" quick "$model" ;;
    full) run "$name" "${FULL_LIMIT:-1500}" "$bundle" full "$model" --with-ncu ;;
    resume)
      # Killed outright as soon as it has recorded: the second run must not record again.
      "$vscope" quick --quiet --out "$bundle" --model "$model" --python "$python" --load-format dummy \
        -- --max-model-len 4096 --max-num-seqs 128 --gpu-memory-utilization 0.6 > "$work/first.log" 2>&1 &
      first=$! waited=0
      until [ -f "$bundle/nsys/.recorded.json" ] || [ "$waited" -gt 3000 ] || ! kill -0 $first 2>/dev/null; do
        sleep 0.1
        waited=$((waited + 1))
      done
      kill -KILL $first 2>/dev/null
      wait $first 2>/dev/null
      sleep 3
      run "$name" "${QUICK_LIMIT:-420}" "$bundle" quick "$model" --resume
      ;;
    *) echo "there is no $what" && failed=1 && continue ;;
  esac || failed=1
  check "$name" "$what"
  "$vscope" bundle validate "$bundle" > "$out/$name/validate.txt" 2>&1 || { failed=1; cat "$out/$name/validate.txt"; }
done
exit $failed
