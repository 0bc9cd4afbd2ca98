// Package kernel is the root of the Jupyter side of the project: everything that turns a clone into
// notebooks with a Go kernel. It holds no code of its own.
//
// The kernel is one process in front of an unmodified GoNB:
//
//   - [urbangraph/kernel/server] owns the Jupyter sockets and runs cells: the heart of it.
//   - [urbangraph/kernel/zmtp] and [urbangraph/kernel/wire] are the sockets and the messages,
//     [urbangraph/kernel/client] is the other side of them, for tests and measurements.
//   - [urbangraph/kernel/cell] takes cells apart and composes what GoNB gets;
//     [urbangraph/kernel/state] is what cells leave for later ones, [urbangraph/kernel/history] what was run.
//   - [urbangraph/kernel/child] runs GoNB; [urbangraph/kernel/gofront] builds cells in place of the tools
//     that it calls; [urbangraph/kernel/run] starts their programs.
//   - [urbangraph/kernel/output] and [urbangraph/kernel/display] read what programs print and show,
//     [urbangraph/kernel/trace] words their errors, [urbangraph/kernel/procs] ends what they leave running,
//     [urbangraph/kernel/resources] tells what they took.
//   - [urbangraph/kernel/gopls] completes, explains and formats cells.
//
// Linked into cells are [urbangraph/kernel/show], which cells may import, and [urbangraph/kernel/keep],
// which composed cells import by themselves.
//
// Around it, [urbangraph/kernel/lab] sets a clone up (Python environment, Go tools, kernelspec, warm build
// cache), starts JupyterLab and runs notebooks headless; [urbangraph/kernel/bench] measures the kernel
// against GoNB with its defaults. cmd/ugkernel is the command line, cmd/ugfront and cmd/ugrun are what GoNB
// calls.
//
// The kernel knows neither uglib nor plots: it only runs code that may import them.
package kernel
