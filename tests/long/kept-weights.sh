#!/bin/sh
# Damages kept int8 weights, kills their writer and cuts its power, all at full scale: tests/long/kept-weights.sh
set -eu
cd "$(dirname "$0")/../.."
export BLIP_TEST_SCALE=1
dotnet test --project tests/Blip.Tests -- --filter-class "Blip.Tests.Runtime.KeptWeights*"
exec dotnet test --project tests/Blip.Cli.Tests -- --filter-class "Blip.Tests.WarmTests"
