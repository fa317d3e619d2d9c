#!/bin/sh
# The memory of blip serve while 200 callers send the largest bodies for two minutes, and afterwards. Prints the figures; Linux only.
set -eu
cd "$(dirname "$0")/../.."
dotnet build -c Release tests/Blip.Cli.Tests
exec env BLIP_TEST_SCALE=1 dotnet tests/Blip.Cli.Tests/bin/Release/net10.0/Blip.Cli.Tests.dll \
    -class '*BodyMemoryTests' -showLiveOutput -diagnostics
