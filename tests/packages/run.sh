#!/usr/bin/env bash
# Uses Blip's packages as other people do: from a folder outside the clone, with an empty package cache and the freshly packed feed.
#   tests/packages/run.sh [STEP...]     without a step: all
# Needs the .NET SDK, node and npm. Ends with the counts "succeeded: N" and "failed: N"; exits with 1 where a step failed.
set -uo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
here=$repository/tests/packages
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 NO_COLOR=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=1
# The package says that dnx starts it; where dotnet is a link, dnx lies beside what it links to.
PATH=$PATH:$(dirname "$(readlink -f "$(command -v dotnet)")")
# What the clone's build says of itself must not reach the projects of the test.
unset CI BlipRuntime

work=${BLIP_PACKAGES_WORK:-$(mktemp -d)}
[ -n "${BLIP_PACKAGES_WORK:-}" ] || trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir -p "$work/feed"
export NUGET_PACKAGES=$work/cache DOTNET_CLI_HOME=$work/home BLIP_CACHE=$work/blip
export HF_HUB_OFFLINE=1
dogs=$repository/samples/dogs.jpg
question="how many dogs are in the picture?"
results=$work/results.txt
: >"$results"

step() { # step NAME: runs the function NAME in a folder of its own; prints its output only where it failed.
    local name=$1 start=$SECONDS
    rm -rf "${work:?}/$name" && mkdir -p "$work/$name"
    # Not as a condition: there "set -e" does nothing.
    (cd "$work/$name" && set -e && "$name") >"$work/$name.log" 2>&1 </dev/null
    if [ $? -eq 0 ]; then
        echo "ok    $name ($((SECONDS - start)) s)" | tee -a "$results"
    else
        echo "FAIL  $name ($((SECONDS - start)) s)" | tee -a "$results"
        tail -n 40 "$work/$name.log"
    fi
}

answers() { # answers COMMAND...: the last line on stdout is the right answer.
    local got
    got=$("$@" | tail -n 1)
    [ "$got" = 2 ] || { echo "wanted: 2"; echo "got: $got"; return 1; }
}

add() { # add PACKAGE
    dotnet add package "$1" >add.txt 2>&1 || { cat add.txt; return 1; }
}

build() { dotnet build -v q -warnaserror -p:NoWarn=NU1603 "$@"; }

publish() { # publish OPTION...: for this kind of Linux, into out, without a warning.
    # Not with -p:NoWarn: it takes the place of the SDK's own list, and the trimmer then tells of .NET itself.
    dotnet publish -v q -r linux-x64 -o out "$@" >publish.txt 2>&1 || { cat publish.txt; return 1; }
    if grep -i ' warning ' publish.txt | grep -v NU1603; then return 1; fi
}

program() { # program: the two lines of the README, with the image as the argument.
    cat >Program.cs <<'CS'
using Blip;
await using BlipModel blip = await BlipModel.LoadAsync();
Console.WriteLine(await blip.AskAsync(BlipImage.FromFile(args[0]), "how many dogs are in the picture?"));
CS
}

console() { # A console application of the SDK's template with the package Blip.
    dotnet new console -o . --name app >/dev/null
    add Blip
    program
}

# The packages ---------------------------------------------------------------------------------------------------------------------------

pack() { # Exactly the public packages, with exactly the approved files.
    # Making the packages may use the clone's own cache. Using them may not.
    # The analyzers ran when the clone was built.
    env -u NUGET_PACKAGES -u DOTNET_CLI_HOME dotnet pack "$repository" -c Release -v q -o "$work/feed" -p:ContinuousIntegrationBuild=true \
        -p:RunAnalyzers=false
    bash "$here/contents.sh" "$work/feed" >contents.txt
    # The approved list has the command for Linux on x64 twice: native, and as it is where there is no compiler.
    local unlisted='Blip.Cli.linux-x64.nupkg'
    is_native || unlisted+=' (native)'
    awk -v unlisted="$unlisted" '/^[^ ]/ { skip = $0 == unlisted } !skip' "$here/contents.txt" | diff - contents.txt
}

is_native() { # Whether dotnet pack makes the command for this machine native.
    [ "$(rid)" = linux-x64 ] && { command -v clang || command -v gcc; } >/dev/null
}

sizes() { # No package is larger than 80 MB.
    find "$work/feed" -name '*.nupkg' -printf '%s %f\n' | sort -n
    [ -z "$(find "$work/feed" -name '*.nupkg' -size +80000000c)" ]
    # docs/packages.md has them all.
    local package
    for package in "$work"/feed/*.nupkg; do
        grep -q "^| \`$(basename "$package" | sed -E 's/(\.(linux|win|osx)-[a-z0-9]+)?\.[0-9]+\.[0-9]+\.[0-9]+\.nupkg$//')\` |" "$repository/docs/packages.md"
    done
}

readme_install() { # README's section "Install", as it is, but for dotnet pack, which made the feed already, and the container.
    local folder commands command
    folder=$(mktemp -d)
    trap "rm -rf $folder" EXIT
    export HOME=$folder/home DOTNET_CLI_HOME=$folder/home
    mkdir -p "$folder/app/samples"
    cd "$folder/app"
    ln -s "$work/feed" feed
    cp "$dogs" samples
    dotnet new console -o . --name app
    sed -n '/^## Install$/,/^## First answer$/p' "$repository/README.md" |
        sed -nE 's/^    (dotnet nuget .*)$/\1/p; s/^\| .* \| `(.*)` \|$/\1/p' >commands.txt
    cat commands.txt
    [ "$(wc -l <commands.txt)" = 4 ]
    mapfile -t commands <commands.txt
    for command in "${commands[@]}"; do eval "$command" | tee out.txt; done
    [ "$(tail -n 1 out.txt)" = no ]
    # The section "First answer": the command, and C# with the image beside the program.
    [ "$("$DOTNET_CLI_HOME/.dotnet/tools/blip" ask samples/dogs.jpg "$question")" = 2 ]
    sed -n '/^```csharp$/,/^```$/p;/^\*\*An agent/q' "$repository/README.md" | grep -v '^```' >Program.cs
    cp "$dogs" .
    dotnet run | tee out.txt
    [ "$(tail -n 1 out.txt)" = 2 ]
}

source_link() { # With a public remote: packages name it and the commit, symbols its files. Two folders give the same bytes.
    local folder commit
    for folder in one two; do
        git clone -q "$repository" $folder
        git -C $folder remote set-url origin https://github.com/example/blip.git
        (cd $folder && env -u NUGET_PACKAGES -u DOTNET_CLI_HOME dotnet pack src/Blip.Hub -c Release -v q -p:ContinuousIntegrationBuild=true \
            -p:RunAnalyzers=false -o out)
        unzip -q $folder/out/Blip.Hub.*.snupkg -d $folder/symbols
        unzip -q $folder/out/Blip.Hub.*[0-9].nupkg -d $folder/package
    done
    commit=$(git -C one rev-parse HEAD)
    grep "<repository type=\"git\" url=\"https://github.com/example/blip.git\".* commit=\"$commit\"" one/package/Blip.Hub.nuspec
    grep -a "https://raw.githubusercontent.com/example/blip/$commit/" one/symbols/lib/net10.0/Blip.Hub.pdb >/dev/null
    cmp one/package/lib/net10.0/Blip.Hub.dll two/package/lib/net10.0/Blip.Hub.dll
}

# Applications ---------------------------------------------------------------------------------------------------------------------------

first_answer() { # From nothing to the answer: three commands, with a cold package cache.
    local start=$SECONDS
    rm -rf "$NUGET_PACKAGES"
    dotnet new console -o . --name app
    dotnet add package Blip
    program
    answers dotnet run -- "$dogs"
    echo "first answer: $((SECONDS - start)) s"
    [ $((SECONDS - start)) -le 120 ]
    [ ! -e bin/Debug/net10.0/runtimes/win-x64/native/libSkiaSharp.pdb ]
    [ "$(find bin/Debug -name model.safetensors | wc -l)" = 1 ]
    build --no-incremental
}

trimmed_single_file() {
    console
    publish -p:PublishTrimmed=true -p:PublishSingleFile=true
    [ ! -e out/app.dll ]
    answers out/app "$dogs"
}

native_aot() {
    console
    publish -p:PublishAot=true
    [ ! -e out/app.dll ]
    answers out/app "$dogs"
}

service() { # service: the program of an ASP.NET Core application.
    cat >Program.cs <<'CS'
using Blip.Hosting;
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddBlipHosting();
var app = builder.Build();
app.MapBlip();
app.Run();
CS
    build
}

serve() { # serve: runs it until the step ends.
    dotnet bin/Debug/net10.0/app.dll --urls http://127.0.0.1:5199 >serve.txt 2>&1 &
    trap 'kill %1' EXIT
    for _ in $(seq 60); do curl -fs http://127.0.0.1:5199/health/live >/dev/null && return || sleep 1; done
}

web() { # A minimal API, and its health.
    dotnet new web -o . --name app >/dev/null
    add Blip
    add Blip.Hosting
    service
    serve
    for _ in $(seq 60); do curl -fs http://127.0.0.1:5199/health/ready >/dev/null && break || sleep 1; done
    curl -fsS -F "image=@$dogs" -F "question=$question" http://127.0.0.1:5199/api/ask | grep '"answer":"2"'
}

worker() { # The SDK's worker template, whose own packages are older than the newest.
    dotnet new worker -o . --name app >/dev/null
    add Blip
    add Blip.Plugin
    cat >Program.cs <<'CS'
using Blip;
using Blip.AI;
var builder = Host.CreateApplicationBuilder();
builder.Services.AddBlip();
using IHost host = builder.Build();
IBlipModel blip = host.Services.GetRequiredService<IBlipModel>();
Console.WriteLine(await blip.AskAsync(BlipImage.FromFile(args[0]), "how many dogs are in the picture?"));
CS
    rm -f Worker.cs
    build
    answers dotnet run --no-build -- "$dogs"
}

library() { # An application, a library and the package: the model and the natives come along, once.
    dotnet new classlib -o lib >/dev/null
    (cd lib && add Blip && rm Class1.cs && cat >Tagger.cs <<'CS'
using Blip;
public static class Tagger
{
    public static async Task<string> CountDogs(string path)
    {
        await using BlipModel blip = await BlipModel.LoadAsync();
        return (await blip.AskAsync(BlipImage.FromFile(path), "how many dogs are in the picture?")).Text;
    }
}
CS
    )
    dotnet new console -o app >/dev/null
    cd app
    dotnet add reference ../lib/lib.csproj >/dev/null
    echo 'Console.WriteLine(await Tagger.CountDogs(args[0]));' >Program.cs
    build
    [ "$(find ../lib/bin -name model.safetensors | wc -l)" = 0 ]
    [ "$(find bin -name model.safetensors | wc -l)" = 1 ]
    answers dotnet run --no-build -- "$dogs"
    dotnet publish -v q -o out
    [ "$(find out -name model.safetensors | wc -l)" = 1 ]
    answers out/app "$dogs"
}

unit_tests() { # A user's tests: one with Moq over the interface, one with the demo model.
    dotnet new xunit -o . --name app >/dev/null
    add Blip
    add Moq
    rm -f UnitTest1.cs
    cp "$here/PhotoTaggerTests.cs" "$dogs" .
    sed -i 's|</Project>|<ItemGroup><None Update="dogs.jpg" CopyToOutputDirectory="PreserveNewest" /></ItemGroup></Project>|' app.csproj
    build
    dotnet test --no-build
}

libraries_alone() { # Who adds just a library is told what is missing, one package after the other.
    dotnet new console -o . --name app >/dev/null
    add Blip.Core
    program
    local missing
    for missing in Blip.Runtime.Cpu Blip.Models.Demo Blip.Skia; do
        if dotnet run -- "$dogs" >out.txt 2>&1; then cat out.txt; return 1; fi
        grep "package $missing" out.txt || { cat out.txt; return 1; }
        add $missing
    done
    answers dotnet run -- "$dogs"
    # Tools and a chat client bring nobody's service along.
    add Blip.AI
    build
    [ -e bin/Debug/net10.0/Blip.AI.dll ]
    [ -z "$(find bin -iname '*SemanticKernel*' -o -iname '*OpenAI*' -o -iname 'Microsoft.Identity.*' -o -iname 'Azure.*')" ]
}

older_framework() { # A project for an older .NET is told so.
    console
    sed -i 's/net10.0/net8.0/' app.csproj
    if dotnet build >out.txt 2>&1; then cat out.txt; return 1; fi
    grep "NU1202: Package Blip [^ ]* is not compatible with net8.0" out.txt || { cat out.txt; return 1; }
}

service_alone() { # A service without a runtime says so: its health, its answers, its tools.
    dotnet new web -o . --name app >/dev/null
    add Blip.Hosting
    service
    serve
    curl -s http://127.0.0.1:5199/health/ready | tee health.txt
    grep "package Blip.Runtime.Cpu" health.txt
    curl -s -F "image=@$dogs" -F "question=$question" http://127.0.0.1:5199/api/ask | tee ask.txt
    grep '"code":"package_missing"' ask.txt
    grep "package Blip.Runtime.Cpu" ask.txt
    printf '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask_image","arguments":
        {"image":"data:image/jpeg;base64,%s","question":"is there a dog?"}}}' "$(base64 -w 0 "$dogs")" >call.json
    curl -s -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' --data-binary @call.json \
        http://127.0.0.1:5199/mcp | tee mcp.txt
    grep "package Blip.Runtime.Cpu" mcp.txt
}

gpu() { # The GPU's package takes the place of the CPU's files, and answers without a GPU.
    console
    add Blip.Runtime.Gpu
    build -r linux-x64
    answers dotnet run --no-build -r linux-x64 -- "$dogs"
    [ -e bin/Debug/net10.0/linux-x64/libonnxruntime_providers_cuda.so ]
    dotnet publish -v q -r linux-x64 --no-self-contained -o out
    [ -e out/libonnxruntime_providers_cuda.so ] && [ -z "$(find out -name 'onnxruntime*.dll')" ]
    cmp out/libonnxruntime.so "$NUGET_PACKAGES"/microsoft.ml.onnxruntime.gpu.linux/*/runtimes/linux-x64/native/libonnxruntime.so
    sed -i 's/LoadAsync()/LoadAsync(new BlipOptions { Device = BlipDevice.Cuda })/' Program.cs
    if dotnet run -r linux-x64 -- "$dogs" >out.txt 2>&1; then cat out.txt; return 1; fi
    grep "is missing" out.txt
}

template() { # template ARGUMENTS...: a project of a template as `dotnet new` makes it, built without warnings and tested, as the current folder.
    export DOTNET_CLI_HOME=$PWD/home
    dotnet new install Blip.Templates
    dotnet new "$@" -o My-Eyes.2.class
    cd My-Eyes.2.class
    build
    dotnet test --no-build
}

template_agent() {
    template blip-agent
    answers_as_agent
}

template_kernel() {
    template blip-agent --kernel
    answers_as_agent
}

answers_as_agent() { # Without arguments, and with an image and a question.
    local run="dotnet run --no-build --project My-Eyes.2.class"
    [ "$(env -u OPENAI_API_KEY $run)" = "I looked, and the answer is: 2" ]
    [ "$(env -u OPENAI_API_KEY $run -- dogs.jpg "is there a cat?")" = "I looked, and the answer is: no" ]
}

template_functions() { # The app runs as published, and in the folder where F5 starts it.
    template blip-functions
    if grep -rnE 'Blip\.Functions|src/Blip|docs/|VERSION' --exclude-dir=bin --exclude-dir=obj --exclude=*.Dockerfile .; then return 1; fi
    grep "dotnet publish src/My-Eyes.2.class " infra/containers/functions.Dockerfile
    grep "dotnet tool install Blip.Cli --version $(basename "$work"/feed/Blip.Core.*.nupkg .nupkg | sed s/Blip.Core.//) " infra/containers/functions.Dockerfile
    dotnet publish src/My-Eyes.2.class -c Release -o ../app -v q -warnaserror -p:NoWarn=NU1603
    grep EventGrid ../app/functions.metadata
    [ ! -e ../app/local.settings.json ]
    answers_as_app ../app
    local folder
    folder=$(node -p "JSON.parse(fs.readFileSync('.vscode/tasks.json')).tasks.find(t => t.type === 'func').options.cwd")
    folder=${folder/'${workspaceFolder}'/.}
    [ -e "$folder/host.json" ] && [ -e "$folder/local.settings.json" ]
    answers_as_app "$folder"
}

answers_as_app() { # answers_as_app FOLDER: the HTTP functions of the app answer, with the repository's host in the place of the platform's.
    local address worker
    dotnet build "$repository/tests/Blip.Functions.Host" -v q --artifacts-path "$work/host"
    BlipImages=images AzureWebJobsStorage=UseDevelopmentStorage=true \
        dotnet "$work/host/bin/Blip.Functions.Host/debug/Blip.Functions.Host.dll" "$1" >host.txt &
    for _ in $(seq 60); do grep -q '^running' host.txt && break || sleep 1; done
    read -r _ address worker < <(grep '^running' host.txt)
    for _ in $(seq 60); do curl -fs "${address}health/ready" >/dev/null && break || sleep 1; done
    curl -fsS -F "image=@samples/dogs.jpg" -F "question=$question" "${address}api/ask" | grep '"answer":"2"' || { kill "$worker"; return 1; }
    # The host ends with its worker.
    kill "$worker"
    wait
}

systems() { # The right natives for five systems, and an error for those that ONNX Runtime does not serve.
    console
    local rid
    for rid in linux-x64 linux-arm64 win-x64 win-arm64 osx-arm64; do
        dotnet publish -v q -r $rid --no-self-contained -p:UseAppHost=false -o out/$rid
        bash "$here/natives.sh" out/$rid $rid
    done
    for rid in linux-musl-x64 linux-musl-arm64 osx-x64 win-x86; do
        if dotnet publish -v q -r $rid --no-self-contained -p:UseAppHost=false -o out/$rid >out.txt 2>&1; then cat out.txt; return 1; fi
        grep "error BLIP001: Blip does not run on $rid" out.txt
    done
    # The system that is advised is one of the five.
    for rid in linux-musl-x64 linux-musl-arm linux-arm win-x86; do
        dotnet msbuild -t:BlipCheckRuntimeIdentifier -p:RuntimeIdentifier=$rid 2>&1 | tee out.txt || true
        grep -E "Build for (linux-x64|linux-arm64|win-x64|win-arm64|osx-arm64)[.,]" out.txt
    done
    # What a project can say (docs/packages.md).
    dotnet publish -v q -r osx-x64 --no-self-contained -p:UseAppHost=false -p:BlipCheckRuntimeIdentifier=false -p:BlipDemoModel=false -o out/own
    [ -e out/own/app.dll ]
    [ ! -e out/own/models ]
}

# The tool -------------------------------------------------------------------------------------------------------------------------------

tool() { # Installed, asked, completed, removed.
    local bin=$DOTNET_CLI_HOME/.dotnet/tools
    dotnet tool install -g Blip.Cli
    answers "$bin/blip" ask "$dogs" "$question"
    local folder
    folder=$(echo "$bin"/.store/blip.cli/*/blip.cli.linux-*/*/tools/*/linux-*)
    bash "$here/natives.sh" "$folder" "$(rid)" libe_sqlite3.so
    if is_native; then [ ! -e "$folder/Blip.Cli.dll" ]; else [ -e "$folder/Blip.Cli.dll" ]; fi
    settings "$bin/blip"
    ollama "$bin/blip"
    # What bash sets before it completes the word.
    PATH=$bin:$PATH bash --norc -c '
        eval "$(blip completion bash)"
        COMP_WORDS=(blip a) COMP_CWORD=1 COMP_LINE="blip a" COMP_POINT=6
        _blip && [ "${COMPREPLY[*]}" = ask ]'
    dotnet tool uninstall -g Blip.Cli
    [ ! -e "$bin/blip" ]
}

settings() { # settings BLIP: the environment reaches every kind of options, and what is wrong there ends the start.
    local name value expected code
    while read -r name value expected; do
        code=0
        env "$name=$value" "$1" serve --urls http://127.0.0.1:5198 2>error.txt || code=$?
        cat error.txt
        [ "$code" = 2 ]
        [ "$(cat error.txt)" = "blip: $expected" ]
    done <<'TXT'
Blip__Threads -1 Blip:Threads must be between 0 and 1024.
Blip__Threads many Failed to convert configuration value 'many' at 'Blip:Threads'.
Blip__Device tpu Failed to convert configuration value 'tpu' at 'Blip:Device'.
Blip__Image__Limits__MaxSide 0 Blip:Image:Limits:MaxSide: MaxSide ('0') must be greater than or equal to '1'.
Blip__Hub__Retries 101 Blip:Hub:Retries ('101') must be less than or equal to '100'.
Blip__Sources__AllowedPorts__0 70000 Blip:Sources:AllowedPorts: 70000 is not a port: write 1 to 65535, or 0 for any.
Blip__Handles__MaxImages 0 Blip:Handles:MaxImages must be between 1 and 65536.
Blip__RequestTimeout 02:00:00 Blip:RequestTimeout must be between 00:00:01 and 01:00:00.
TXT
    Blip__ApiKey=key Blip__Image__Limits__MaxPixels=1000 Blip__Sources__AllowedHosts__0=example.invalid Blip__Metrics=true \
        "$1" serve --urls http://127.0.0.1:5198 2>serve.txt &
    trap 'kill %1' EXIT
    local ask=(curl -s -F "question=$question" http://127.0.0.1:5198/api/ask)
    for _ in $(seq 60); do curl -fs http://127.0.0.1:5198/health/ready >/dev/null && break || sleep 1; done
    "${ask[@]}" -F "image=@$dogs" | tee reply.txt && grep '"status":401' reply.txt
    ask+=(-H 'x-api-key: key')
    "${ask[@]}" -F "image=@$dogs" | tee reply.txt && grep '1,000 are allowed' reply.txt
    "${ask[@]}" -F image=https://example.invalid/a.png | tee reply.txt && grep 'example.invalid' reply.txt
    "${ask[@]}" -F image=https://example.com/a.png | tee reply.txt && grep -i 'allow' reply.txt
    curl -fs -H 'x-api-key: key' http://127.0.0.1:5198/metrics | grep -c '^blip_'
    kill %1
    trap - EXIT
    wait
}

ollama() { # ollama BLIP: the npm client of Ollama asks the service.
    npm install --prefix . --no-save --no-fund --no-audit --silent ollama@0.6.4
    cp "$here/ollama.mjs" .
    "$1" serve --urls http://127.0.0.1:5198 2>serve.txt &
    trap 'kill %1' EXIT
    for _ in $(seq 60); do curl -fs http://127.0.0.1:5198/health/ready >/dev/null && break || sleep 1; done
    answers node ollama.mjs http://127.0.0.1:5198 "$dogs" "$question"
    kill %1
    trap - EXIT
    wait
}

rid() { [ "$(uname -m)" = aarch64 ] && echo linux-arm64 || echo linux-x64; }

dnx_tool() { # Not installed.
    answers dotnet dnx --yes Blip.Cli -- ask "$dogs" "$question"
}

mcp() { # As the package says that it is started, and as each client's configuration does.
    unzip -q "$work"/feed/Blip.Cli.[0-9]*.nupkg -d package
    grep '<packageType name="McpServer" />' package/Blip.Cli.nuspec
    grep '<packageType name="DotnetTool" />' package/Blip.Cli.nuspec
    local version
    version=$(sed -nE 's/.*<version>(.*)<\/version>.*/\1/p' package/Blip.Cli.nuspec)
    [ "$(grep -c "\"version\": \"$version\"" package/.mcp/server.json)" = 2 ]
    npm install --prefix . --no-save --no-fund --no-audit --silent @modelcontextprotocol/sdk@1.32.2
    cp "$here/mcp.mjs" .
    local file
    for file in package/.mcp/server.json "$repository"/samples/mcp/*.json; do
        answers node mcp.mjs "$file" "$repository/samples"
    done
}

openai() { # The clients that speak OpenAI's API, as they are published.
    npm install --prefix . --no-save --no-fund --no-audit --silent openai@6.49.0 zod@4.6.7 @langchain/openai@1.5.8 @langchain/core@1.4.0 \
        ai@6.0.326 @ai-sdk/openai@3.0.141 @ai-sdk/openai-compatible@2.0.92
    cp "$here/openai.mjs" .
    dotnet tool install Blip.Cli --tool-path tools
    tools/blip serve --urls http://127.0.0.1:5197 >serve.txt 2>&1 &
    trap 'kill %1' EXIT
    for _ in $(seq 60); do curl -fs http://127.0.0.1:5197/health/ready >/dev/null && break || sleep 1; done
    node openai.mjs http://127.0.0.1:5197/v1 "$repository/samples"
}

steps() { local name; for name in "$@"; do step "$name"; done; }

cat >"$work/nuget.config" <<XML
<configuration><packageSources><add key="blip" value="$work/feed" /></packageSources></configuration>
XML
is_native || echo "The command is not native: this is not Linux on x64, or neither clang nor gcc is here."
if [ $# -gt 0 ]; then
    steps "$@"
else
    # The first empties the cache that the others share, and takes the time to the first answer. Those that listen on one port, or install the
    # tool, go one after the other; a step keeps one processor busy at most times.
    steps pack sizes first_answer
    steps source_link trimmed_single_file native_aot web service_alone tool dnx_tool mcp openai template_functions &
    steps worker library unit_tests libraries_alone older_framework readme_install gpu systems template_agent template_kernel &
    wait
fi
passed=$(grep -c ^ok "$results")
failed=$(grep -c ^FAIL "$results")
echo "succeeded: $passed"
echo "failed: $failed"
[ "$failed" -eq 0 ]
