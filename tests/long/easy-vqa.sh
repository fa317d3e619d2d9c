#!/bin/sh
# Asks the demo model with the adapter of tests/golden/easy-vqa all questions of easy-VQA's test part: tests/long/easy-vqa.sh FOLDER
# FOLDER holds the data set's own test/images, and predictions.jsonl as in tests/golden/easy-vqa. Takes a few minutes.
set -eu
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
dotnet build tests/Blip.Tests -v q
exec env BLIP_TEST_SCALE=1 BLIP_EASY_VQA="$folder" dotnet tests/Blip.Tests/bin/Debug/net10.0/Blip.Tests.dll -method '*EasyVqa_*' -diagnostics
