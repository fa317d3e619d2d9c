#!/bin/sh
# Measures questions on an encoded image against what their arithmetic and their weights need at least, in fp32 and int8, on the full-size
# model: tests/long/text-speed.sh [FOLDER]
# The model is written where FOLDER has none. Exits with 1 where a ratio is lost by more than 15 %. It takes three minutes of a quiet machine.
set -eu
cd "$(dirname "$0")/../.."
folder=${1:-/tmp/blip-full}
if [ ! -f "$folder/model.safetensors" ]; then
    dotnet run -c Release --project tests/Blip.FullSize -- "$folder"
fi
exec dotnet run -c Release --project tests/Blip.Long -- speed "$folder"
