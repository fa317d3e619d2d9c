#!/usr/bin/env bash
# Does what infra/containers/serve.Dockerfile does, without a container runtime: takes the files that .dockerignore lets in, runs the
# publish step, and starts `blip serve` as another user, with every file read-only but a temporary folder and the models' folder.
#   tests/packages/container.sh [FOLDER]     FOLDER has an earlier publish, to save that step
# Needs root (for the other user and the read-only files), the .NET SDK and curl. What runs after the publish may take two minutes.
set -euo pipefail
[ "$(id -u)" -eq 0 ] || { echo "run this as root: it starts blip as another user, on a read-only file system"; exit 1; }
repository=$(cd "$(dirname "$0")/../.." && pwd)
dockerfile=$repository/infra/containers/serve.Dockerfile
work=$(mktemp -d -p /var/tmp)
chmod 755 "$work"
server=
trap '[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

if [ $# -gt 0 ]; then
    cp -r "$1" "$work/app"
else
    mkdir "$work/src"
    mapfile -t allowed < <(sed -n 's/^!//p' "$repository/.dockerignore")
    (cd "$repository" && git ls-files -z --cached --others --exclude-standard -- "${allowed[@]}" | tar -c --null -T - | tar -x -C "$work/src")
    publish=$(sed -n 's/^RUN \(dotnet publish .*\) -o \/app$/\1/p' "$dockerfile")
    [ -n "$publish" ] || { echo "$dockerfile has no publish step in the known form"; exit 1; }
    (cd "$work/src" && BLIP_RUNTIME=cpu bash -euc "$publish -v q --nologo -o $work/app")
fi
chmod -R a-w,a+rX "$work/app"

user=65534
mkdir "$work/tmp" "$work/models"
chown "$user:$user" "$work/tmp" "$work/models"
url=http://127.0.0.1:5298
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
# The environment of the image.
settings=(DOTNET_EnableDiagnostics=0 "HF_HOME=$work/models/huggingface" "XDG_CACHE_HOME=$work/models/cache" Blip__Model=demo
    Blip__Precision=default "TMPDIR=$work/tmp")

contained() { # contained COMMAND...: runs as the image does. Only the two folders can be written to.
    # shellcheck disable=SC2016
    exec unshare --mount --propagation private bash -euc '
        work=$1 user=$2; shift 2
        for folder in tmp models; do mount --bind "$work/$folder" "$work/$folder"; done
        mount -o remount,bind,ro /
        for folder in /tmp /var/tmp /dev/shm; do [ ! -d "$folder" ] || [ "$folder" = /var/tmp ] || mount -t tmpfs -o ro tmpfs "$folder"; done
        cd "$work/app"
        exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs "$@"
    ' contained "$work" "$user" env -i "${settings[@]}" "$@"
}

limit=$((SECONDS + 120))
say() { echo "ok    $*"; }

if (contained touch "$work/app/x") 2>/dev/null || (contained touch /var/tmp/x) 2>/dev/null; then echo "the files are not read-only"; exit 1; fi
(contained touch "$work/tmp/x" "$work/models/x")
rm "$work/tmp/x" "$work/models/x"
say "only the two folders can be written to"

if (contained ./blip serve --urls http://0.0.0.0:5298) >"$work/log" 2>&1; then echo "it starts without a key"; exit 1; fi
grep -q "no key is set" "$work/log" || { cat "$work/log"; exit 1; }
say "it refuses to listen beyond the machine without a key"

(settings+=("Blip__ApiKey=$key"); contained ./blip serve --urls http://0.0.0.0:5298) >"$work/log" 2>&1 &
server=$!
until (contained ./blip health --url "$url") >"$work/health" 2>&1; do
    kill -0 "$server" 2>/dev/null && [ "$SECONDS" -lt "$limit" ] || { cat "$work/health" "$work/log"; exit 1; }
    sleep 1
done
grep -qx Healthy "$work/health" || { cat "$work/health"; exit 1; }
[ "$(ps -o uid= -p "$server" | tr -d ' ')" = "$user" ] || { ps -o uid,args -p "$server"; exit 1; }
say "blip health: $(cat "$work/health")"

ask() { curl -sS --max-time 60 "$@" -F "image=@$repository/samples/dogs.jpg" -F "question=how many dogs are in the picture?" "$url/api/ask"; }
answer=$(ask -f -H "x-api-key: $key")
grep -q '"answer":"2"' <<<"$answer" || { echo "$answer"; exit 1; }
[ "$(ask -o /dev/null -w '%{http_code}')" = 401 ] || { echo "it answers without the key"; exit 1; }
say "it answers a question over HTTP, and only with the key"

kill -TERM "$server"
wait "$server" || { echo "SIGTERM: exit code $?"; cat "$work/log"; exit 1; }
server=
say "SIGTERM ends it with exit code 0"

(contained timeout $((limit - SECONDS)) ./blip warm --precision int8) >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
[ -n "$(find "$work/models/cache" -type f)" ] || { echo "no int8 weights in the models' folder"; exit 1; }
say "int8 weights are kept in the models' folder"
