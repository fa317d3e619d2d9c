#!/bin/sh
# Measures asking about many images on the full-size model, one run and several side by side: tests/long/many-images.sh [FOLDER]
# The model is written where FOLDER has none. Exits with 1 where a figure of docs/performance.md is lost by more than 15 %.
set -eu
cd "$(dirname "$0")/../.."
folder=${1:-/tmp/blip-full}
if [ ! -f "$folder/model.safetensors" ]; then
    dotnet run -c Release --project tests/Blip.FullSize -- "$folder"
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
dotnet publish src/Blip.Cli -c Release --use-current-runtime --self-contained false -o "$out" -v q --nologo
dotnet run -c Release --project tests/Blip.Long -- many-images "$folder" "$out/blip"
