#!/bin/sh
# Fetches the pinned Leaflet release from npm, checks it against the registry's
# own integrity hash (SHA-512) and keeps the three files that are embedded.
#
#   sh fetch.sh        (run in this folder; needs npm, tar, openssl)
set -eu

version=1.9.4
integrity=sha512-nxS1ynzJOmOlHp+iL3FyWqK89GtNL8U8rvlMOsQdTTssxZwCXh8N2NB3GDQOL+YR3XnWyZAxwQixURb+FA74PA==

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

cd "$work"
npm pack --silent "leaflet@$version" >/dev/null
got=sha512-$(openssl dgst -sha512 -binary "leaflet-$version.tgz" | openssl base64 -A)
if [ "$got" != "$integrity" ]; then
	echo "leaflet-$version.tgz: integrity is $got, want $integrity" >&2
	exit 1
fi
tar xzf "leaflet-$version.tgz"
mkdir -p "$here/dist"
cp package/dist/leaflet.js package/dist/leaflet.css package/LICENSE "$here/dist/"
