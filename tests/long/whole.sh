#!/bin/sh
# Runs every test at its full scale, one project at a time; takes half an hour on 2 cores. Needs Chromium, and Azurite on the path.
set -eu
cd "$(dirname "$0")/../.."
exec env BLIP_TEST_SCALE=1 dotnet test --max-parallel-test-modules 1
