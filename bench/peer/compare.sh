#!/usr/bin/env bash
# Runs Python transformers and blip bench in turn on this machine, three rounds, and prints the medians and their ratio.
#   bench/peer/compare.sh MODEL IMAGE
# Needs the .NET SDK, jq, and Python with torch, transformers and pillow. BLIP names a command other than the clone's, PYTHON another Python.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,4s/^# *//p' "$0"; exit 2; }
model=$1 image=$(realpath "$2")
[ ! -d "$model" ] || model=$(realpath "$model")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${BLIP:-}" ]; then
    dotnet publish src/Blip.Cli -c Release --use-current-runtime --self-contained false -o "$work/blip" -v q --nologo
    BLIP=$work/blip/blip
fi
for round in 1 2 3; do
    echo "round $round of 3" >&2
    "${PYTHON:-python3}" bench/peer/transformers_vqa.py "$model" "$image" >"$work/python.$round"
    for precision in fp32 int8; do
        "$BLIP" bench --model "$model" --image "$image" --precision $precision --json >"$work/$precision.$round"
    done
done
median() { # median FILES MEMBER
    jq -s "map($2) | sort | .[length / 2 | floor]" "$work/$1".*
}
printf '%-28s %12s %12s %7s %12s %7s\n' "" transformers "blip fp32" "" "blip int8" ""
for member in start_to_first_answer_ms first_question_ms.median stages_ms.vision; do
    peer=$(median python ".$member") fp32=$(median fp32 ".$member") int8=$(median int8 ".$member")
    awk -v name=$member -v peer="$peer" -v fp32="$fp32" -v int8="$int8" 'BEGIN {
        printf "%-28s %12.0f %12.0f %6.1fx %12.0f %6.1fx\n", name, peer, fp32, peer / fp32, int8, peer / int8 }'
done
