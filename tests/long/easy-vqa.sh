#!/bin/sh
# Asks the demo model with the adapter of tests/golden/easy-vqa all questions of easy-VQA's test part: tests/long/easy-vqa.sh FOLDER
# FOLDER holds the data set's own test/images and test/questions.json, and predictions.jsonl as in tests/golden/easy-vqa. The library is
# asked, then the command: blip run and blip eval. Takes a few minutes.
set -eu
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
for tests in Blip.Tests Blip.Cli.Tests; do
    dotnet build "tests/$tests" -v q
    env BLIP_TEST_SCALE=1 BLIP_EASY_VQA="$folder" dotnet "tests/$tests/bin/Debug/net10.0/$tests.dll" -method '*EasyVqa_*' -diagnostics
done
