#!/usr/bin/env bash
# Lists the files of the packages in a folder: tests/packages/contents.sh FEED. contents.txt beside it is the approved list.
set -euo pipefail
cd "$1"
for package in *.nupkg *.snupkg; do
    files=$(unzip -Z1 "$package")
    native=
    grep -q '^tools/any/linux-x64/blip$' <<<"$files" && native=' (native)'
    echo "$(sed -E 's/\.[0-9]+\.[0-9]+\.[0-9]+\././' <<<"$package")$native"
    echo "$files" | grep -vE '^(_rels/|package/services/|\[Content_Types\])' | sed -E 's/^/  /' | LC_ALL=C sort
done
