#!/usr/bin/env bash
# Compiles and lints all Bicep files (a warning is an error). Checks the parameters, the hooks and the container files.
# Needs the .NET SDK on Linux x64. Lints the container files if Node.js is there, and parses the .ps1 hook if PowerShell is there.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

dockerfile_linter=dockerfile-utils@0.16.3
passed=0 failed=0 skipped=0

# check WHAT COMMAND...: passes if the command succeeds and writes nothing to stderr.
check() {
    local what=$1 output status=0
    shift
    output=$("$@" 2>&1 >/dev/null) || status=$?
    if [[ $status -eq 0 && -z $output ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n%s\n' "$what" "$output"
    fi
}

skip() {
    skipped=$((skipped + 1))
    echo "SKIPPED $1"
}

formatted() {
    diff -u "$1" <("$bicep" format "$1" --stdout) >&2
}

parameters_known() {
    local name status=0
    for name in $(sed -n 's/^    "\([A-Za-z]*\)": {.*/\1/p' main.parameters.json); do
        grep -q "^param $name " main.bicep || { echo "main.bicep has no parameter $name" >&2; status=1; }
    done
    return $status
}

build_arguments_known() {
    local name status=0
    for name in $(sed -n 's/^ *- \(BLIP_[A-Z]*\)=.*/\1/p' ../azure.yaml); do
        grep -q "^ARG $name" containers/functions.Dockerfile || { echo "functions.Dockerfile has no ARG $name" >&2; status=1; }
    done
    return $status
}

# expands TARGET TEXT...: expands the template for a target, offline, with the parameters in $more besides. Passes if the result has all
# texts, uses no key, and gives the app a role for the whole storage account in its queues only.
more=
expands() {
    local target=$1 text file=tools/obj/$1
    shift
    cat >"$file.bicepparam" <<EOF
using '../../main.bicep'
param environmentName = 'lint'
param location = 'westeurope'
param target = '$target'
param principalId = '00000000-0000-0000-0000-000000000001'
param budgetStart = '2026-01-01'
param monthlyBudget = 1
$more
EOF
    "$bicep" snapshot "$file.bicepparam" --mode overwrite --subscription-id 00000000-0000-0000-0000-000000000000 \
        --tenant-id 00000000-0000-0000-0000-000000000000 --location westeurope >"$file.log" 2>&1 ||
        { cat "$file.log" >&2; return 1; }
    for text in '"allowSharedKeyAccess": false' '"DisableLocalAuth": true' "$@"; do
        grep -qF -- "$text" "$file.snapshot.json" || { echo "has no $text" >&2; return 1; }
    done
    ! grep -iE 'listKeys|AccountKey|SharedKey=' "$file.snapshot.json" >&2 &&
        [[ $(grep -c '"id": ".*/storageAccounts/[^/]*/providers/Microsoft.Authorization/' "$file.snapshot.json") -eq 1 ]]
}

# Runs the hook with replacements for its commands. Passes if the hook waits for the key and passes it on as an environment variable,
# never as an argument.
hook_subscribes() {
    local stand=tools/obj/hook-$1
    rm -rf "$stand" && mkdir -p "$stand"
    cat >"$stand/az" <<'EOF'
#!/bin/sh
echo "$*" >>"$STAND/log"
case "$*" in
    *' keys list '*) if [ -f "$STAND/woken" ]; then echo lint-key; else : >"$STAND/woken"; fi ;;
    'deployment group create '*) [ "$BLIP_WEBHOOK_KEY" = lint-key ] ;;
    *) exit 2 ;;
esac
EOF
    printf '#!/bin/sh\n' | tee "$stand/curl" >"$stand/sleep"
    chmod +x "$stand"/*
    PATH=$PWD/$stand:$PATH STAND=$stand BLIP_TARGET=$1 AZURE_RESOURCE_GROUP=rg BLIP_APP_NAME=app \
        sh hooks/postdeploy.sh || return 1
    grep -q '^deployment group create .*eventgrid.bicepparam' "$stand/log" || { echo 'deployed nothing' >&2; return 1; }
    ! grep lint-key "$stand/log" >&2
}

# Base images have a tag, not a digest. A person who builds the image may give a digest.
no_literal_digest() {
    ! grep -nE '^[^#]*@sha256:' "$1" >&2
}

runs_as_app_user() {
    [[ $(grep '^USER ' "$1" | tail -n 1) == 'USER $APP_UID' ]] || { echo "the last USER is not \$APP_UID" >&2; return 1; }
}

linted() {
    local said
    said=$("$linter/node_modules/.bin/dockerfile-utils" lint "$1") || true
    [[ -z $said ]] || { echo "$said" >&2; return 1; }
}

dotnet restore tools -v q --nologo || { echo 'lint: the Bicep compiler could not be restored' >&2; exit 1; }
packages=$(dotnet msbuild tools -nologo -getProperty:NuGetPackageRoot)
version=$(dotnet msbuild tools -nologo -getProperty:BicepVersion)
bicep=${packages%/}/azure.bicep.commandline.linux-x64/$version/tools/bicep
[[ -x $bicep ]] || chmod u+x "$bicep" || exit 1
"$bicep" --version || exit 1

# The variables that the parameter file reads. To compile it, any value is good enough.
for name in $(grep -oh "readEnvironmentVariable('[A-Z_]*')" ./*.bicepparam | cut -d"'" -f2); do
    export "$name=${!name:-lint}"
done

for file in ./*.bicep app/*.bicep; do
    check "build $file" "$bicep" build "$file" --stdout
    check "lint $file" "$bicep" lint "$file"
    check "format $file" formatted "$file"
done
for file in ./*.bicepparam; do
    check "build $file" "$bicep" build-params "$file" --stdout
    check "lint $file" "$bicep" lint "$file"
    check "format $file" formatted "$file"
done
check 'main.parameters.json' parameters_known
check 'expand target flex' expands flex '"tier": "FlexConsumption"' '"azd-service-name": "functions"'
check 'expand target container' expands container '"kind": "functionapp"' '"workloadProfileName": "Consumption"'
check 'expand target gpu' expands gpu '"kind": "functionapp"' '"workloadProfileType": "Consumption-GPU-NC8as-T4"'

more="param virtualNetwork = true
param storageAddresses = '192.0.2.1;198.51.100.0/24'
param corsOrigins = 'https://a.example;https://b.example'
param page = true
param alwaysReadyBlobs = 1"
network=('"defaultAction": "Deny"' '"value": "198.51.100.0/24"' '"Microsoft.Network/privateEndpoints"' '"https://b.example"' 'Blip__Page')
check 'expand target flex with every option' expands flex "${network[@]}" '"instanceCount": 1' '"virtualNetworkSubnetId"'
check 'expand target container with every option' expands container "${network[@]}" "createObject('infrastructureSubnetId'"
check 'azure.yaml' build_arguments_known

check 'parse hooks/postdeploy.sh' sh -n hooks/postdeploy.sh
check 'run hooks/postdeploy.sh for flex' hook_subscribes flex
check 'run hooks/postdeploy.sh for gpu' hook_subscribes gpu
if command -v pwsh >/dev/null; then
    check 'parse hooks/postdeploy.ps1' pwsh -NoProfile -Command \
        '$e = $null; [void][Management.Automation.Language.Parser]::ParseFile("hooks/postdeploy.ps1", [ref]$null, [ref]$e); $e | ForEach-Object { [Console]::Error.WriteLine($_) }'
else
    skip 'parse hooks/postdeploy.ps1: PowerShell (pwsh) is not installed'
fi

for file in containers/*.Dockerfile; do
    check "digest $file" no_literal_digest "$file"
    check "user $file" runs_as_app_user "$file"
done
if command -v npm >/dev/null; then
    linter=tools/obj/linter
    npm install --prefix "$linter" --no-save --no-package-lock --ignore-scripts --no-fund --no-audit --silent "$dockerfile_linter" ||
        { echo "lint: npm could not install $dockerfile_linter" >&2; exit 1; }
    for file in containers/*.Dockerfile; do
        check "lint $file" linted "$file"
    done
else
    skip 'lint containers/*.Dockerfile: Node.js with npm is not installed'
fi

echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 ]]
