#!/usr/bin/env bash
# For a machine with an NVIDIA GPU: are answers right there, in fp32 and fp16, and how fast are they?
#   tests/long/gpu.sh [FULL]     FULL is a folder with the full-size model (CONTRIBUTING.md says how it is made)
# DEVICE=cpu runs the same on the CPU; SHARE=10 asks every tenth question. Needs the .NET SDK and jq; ends within 8 minutes.
set -euo pipefail
device=${DEVICE:-cuda} share=${SHARE:-1} full=${1:+$(cd "$1" && pwd)}
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet publish src/Blip.Cli -c Release -r linux-x64 --self-contained false -p:BlipRuntime=gpu --artifacts-path "$work/build" -o "$work/out" -v q --nologo
blip=$work/out/blip
"$blip" doctor

echo "reference models, fp32:"
dotnet build tests/Blip.Cli.Tests -v q --nologo
BLIP_GPU_BUILD=$work/out/Blip.Cli.dll BLIP_GPU_DEVICE=$device \
    dotnet tests/Blip.Cli.Tests/bin/Debug/net10.0/Blip.Cli.Tests.dll -method '*GpuBuildTests.Answers_*' | tail -n 3

ids() { jq -c "select(.id % $share == 0) | [.id, .token_ids]" "$1" | sort; }
jq -c "select(.id % $share == 0) | .image = \"$PWD/tests/golden/demo/\" + .image" tests/golden/demo/questions.jsonl >"$work/questions.jsonl"
for precision in fp32 fp16; do
    "$blip" ask --batch "$work/questions.jsonl" --device "$device" --precision $precision >"$work/answers.jsonl"
    same=$(comm -12 <(ids "$work/answers.jsonl") <(ids tests/golden/demo/predictions.jsonl) | wc -l)
    echo "demo model, $precision: $same of $(wc -l <"$work/questions.jsonl") answers have the reference's tokens"
done

for model in demo $full; do
    for precision in fp32 fp16; do
        echo "bench: ${model##*/}, $precision"
        "$blip" bench --model "$model" --device "$device" --precision $precision --quick
    done
done
if command -v nvidia-smi >/dev/null; then nvidia-smi; fi
