#!/bin/sh
# Usage: get_pjrt_cpu.sh DIR
# Gets the XLA plugin (PJRT) for the CPU of Linux on amd64 into the folder DIR,
# out of a wheel of the Python package index that is pinned by its hash. Needs
# Python 3 with pip; the wheel itself is not installed.
set -eu
if [ $# -ne 1 ]; then
	echo "usage: $0 DIR" >&2
	exit 2
fi
dir=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

wheel='lammps-jax-pjrt-cpu==0.11.2 --hash=sha256:1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1'
member=lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so
sum=ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2
plugin=pjrt_c_api_cpu_plugin.so

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
echo "$wheel" >"$tmp/requirements.txt"
python3 -m pip download -q --no-deps --no-cache-dir --only-binary=:all: --require-hashes -r "$tmp/requirements.txt" -d "$tmp"
python3 - "$tmp" "$member" "$sum" "$tmp/$plugin" <<'PY'
import glob, hashlib, sys, zipfile
folder, member, want, out = sys.argv[1:]
data = zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]).read(member)
have = hashlib.sha256(data).hexdigest()
if have != want:
    sys.exit(f"{member} has SHA-256 {have}, not {want}")
open(out, "wb").write(data)
PY
cp "$tmp/$plugin" "$dir/.$plugin.tmp"
mv "$dir/.$plugin.tmp" "$dir/$plugin"
echo "Build with -tags xla and set: UG_BACKEND=xla:$dir/$plugin"
