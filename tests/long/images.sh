#!/bin/sh
# Mutated and cut images at full scale, both decoders: 500,000 mutated files each, and every start of 200 files; and the memory that each
# kind of image takes at its largest size. Prints the figures.
set -eu
cd "$(dirname "$0")/../.."
dotnet build -c Release tests/Blip.Tests
exec env BLIP_TEST_SCALE=1 dotnet tests/Blip.Tests/bin/Release/net10.0/Blip.Tests.dll \
    -class '*MutatedImageTests' -class '*CutImageTests' -class '*ImageMemoryTests' -showLiveOutput
