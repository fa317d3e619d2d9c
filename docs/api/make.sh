#!/usr/bin/env bash
# Makes the API reference from the documentation in the code: artifacts/api/index.html. Needs the .NET SDK.
set -euo pipefail
cd "$(dirname "$0")/../.."
dotnet tool restore >/dev/null
rm -rf docs/api/obj artifacts/api
# It warns of each <param/> beside <inheritdoc/>, which the compiler wants to see.
dotnet docfx docs/api/docfx.json --logLevel error
for page in index reference/Blip.BlipModel reference/Blip.IBlipModel reference/Blip.Plugin.BlipPlugin; do
    [ -s "artifacts/api/$page.html" ] || { echo "artifacts/api/$page.html is missing"; exit 1; }
done
echo "artifacts/api is written. Its menus need a server: dotnet docfx serve artifacts/api shows it at http://localhost:8080."
