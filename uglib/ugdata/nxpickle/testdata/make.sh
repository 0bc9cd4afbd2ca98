#!/bin/bash
# Writes the pickles beside it with several versions of networkx. Needs python3 and a package index.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
env() { # env NAME PACKAGE...: a Python with these packages
	python3 -m venv "$work/$1"
	"$work/$1/bin/pip" install -q --only-binary :all: "${@:2}"
	python="$work/$1/bin/python"
}
rm -f ./*.pkl
env nx1 networkx==1.11 decorator==4.4.2
for p in 2; do "$python" make.py . $p; done
env nx24 networkx==2.4 decorator==4.4.2
for p in 2 4; do "$python" make.py . $p; done
env nx28 networkx==2.8.8 numpy==1.26.4 shapely==1.8.5.post1
for p in 2 3 4 5; do "$python" make.py . $p numpy; done
env nx31 networkx==3.1 numpy==1.26.4 shapely==2.0.6
for p in 4 5; do "$python" make.py . $p numpy; done
env nx36 networkx==3.6.1 numpy==2.4.6 shapely==2.2.0
for p in 2 3 4 5; do "$python" make.py . $p numpy; done
ls -l ./*.pkl
