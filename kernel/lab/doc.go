// Package lab sets a clone up for notebooks, starts JupyterLab, runs notebooks headless, and makes the kernel
// known to other clients of Jupyter.
//
// The set-up lives in two folders of the clone: .venv with JupyterLab and its companions, installed from
// requirements.txt by hash, and .ug with the Go tools, the front of the kernel and what is cached for
// cells. Each step leaves a stamp of all that it depends on, so that a second run only compares stamps.
//
// [Install] does the same without Python and writes a kernelspec for the JupyterLab, VS Code or console that
// the user has ([urbangraph/kernel/lab/kernelspec]). What may be wrong with a clone or a machine is looked
// for in [urbangraph/kernel/lab/doctor].
package lab

//go:generate uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11.0 requirements.in -o requirements.txt
