// Package lab sets a clone up for notebooks, starts JupyterLab, and runs notebooks headless.
//
// The set-up lives in two folders of the clone: .venv with JupyterLab and its companions, installed from
// requirements.txt by hash, and .ug with the Go tools, the front of the kernel and what is cached for
// cells. Each step leaves a stamp of all that it depends on, so that a second run only compares stamps.
package lab

//go:generate uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11.0 requirements.in -o requirements.txt
