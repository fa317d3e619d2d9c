#!/bin/sh
# Measures what callers cost one another on the full-size model: tests/long/crowd.sh [FOLDER] [--all]
# The model is written where FOLDER has none. Exits with 1 where a goal is missed.
set -eu
cd "$(dirname "$0")/../.."
folder=/tmp/blip-full
case "${1:-}" in
    "" | --*) ;;
    *)
        folder=$1
        shift
        ;;
esac
if [ ! -f "$folder/model.safetensors" ]; then
    dotnet run -c Release --project tests/Blip.FullSize -- "$folder"
fi
exec dotnet run -c Release --project tests/Blip.Long -- crowd "$folder" "$@"
