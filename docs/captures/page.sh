#!/usr/bin/env bash
# Takes the pictures of the page that the README shows: light and dark. Needs the .NET SDK and Chromium; from the repository's root.
set -euo pipefail
shots=$(mktemp -d)
trap 'rm -rf "$shots"' EXIT
BLIP_TEST_SCALE=0.1 BLIP_SCREENSHOTS=$shots \
    dotnet test --project tests/Blip.Hosting.Tests -- --filter-method "*Sample_ItsQuestion_IsAnsweredByOneClick"
cp "$shots/sample.png" docs/captures/page.png
cp "$shots/sample-dark.png" docs/captures/page-dark.png
