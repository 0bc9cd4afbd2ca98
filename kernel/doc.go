// Package kernel is the root of the Jupyter side of the project: everything that turns a clone into
// notebooks with a Go kernel. It holds no code of its own.
//
//   - [urbangraph/kernel/lab] sets a clone up (Python environment, Go tools, kernelspec, warm build
//     cache), starts JupyterLab and runs notebooks headless.
//   - [urbangraph/kernel/launch] is the process that Jupyter starts: it prepares the environment and
//     runs an unmodified GoNB as its child.
//   - [urbangraph/kernel/gofront] is the `go` command that GoNB finds first in its PATH: it gives each
//     notebook a module in which the project's packages resolve, and builds cells quickly.
//   - [urbangraph/kernel/bench] measures the time of a cell against GoNB with its defaults.
//   - cmd/ugkernel is the command line.
//
// The kernel knows neither uglib nor plots: it only runs code that may import them.
package kernel
