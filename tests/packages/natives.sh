#!/usr/bin/env bash
# Checks the native files of a published application: tests/packages/natives.sh FOLDER RID [NAME]. By name, architecture and, on Linux,
# the libraries that they need. NAME is one more that it must have.
set -euo pipefail
folder=$1
case $2 in
    linux-*) names=(libonnxruntime.so libSkiaSharp.so) ;;
    win-*) names=(onnxruntime.dll libSkiaSharp.dll) ;;
    osx-*) names=(libonnxruntime.dylib libSkiaSharp.dylib) ;;
esac
case $2 in
    linux-x64) machine='ELF 64-bit LSB shared object, x86-64' ;;
    linux-arm64) machine='ELF 64-bit LSB shared object, ARM aarch64' ;;
    win-x64) machine='PE32\+ executable.*x86-64' ;;
    win-arm64) machine='PE32\+ executable.*Aarch64' ;;
    osx-arm64) machine='Mach-O .*arm64' ;;
esac
names+=(${3:+"$3"})
for name in "${names[@]}"; do
    file -b "$folder/$name" | grep -qE "$machine" || { echo "$folder/$name: $(file -b "$folder/$name")"; exit 1; }
done
other=$(find "$folder" \( -name '*.so' -o -name '*.dylib' -o -name 'onnxruntime*.dll' -o -name '*.pdb' -o -name '*.lib' \) ! -name 'libonnxruntime*' \
    ! -name 'onnxruntime.dll' ! -name 'onnxruntime_providers_shared.dll' ! -name 'libSkiaSharp.*' ! -name app.pdb ! -name "${3:-}")
[ -z "$other" ] || { echo "unexpected: $other"; exit 1; }
if [[ $2 = linux-* ]]; then
    needed=$(readelf -d "$folder/libonnxruntime.so" "$folder/libSkiaSharp.so" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' | sort -u)
    foreign=$(grep -vE '^(libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+|ld-linux-x86-64|ld-linux-aarch64)\.so' <<<"$needed" || true)
    [ -z "$foreign" ] || { echo "needs: $foreign"; exit 1; }
fi
