// Package gofront builds the cells of a notebook in place of the programs that GoNB calls.
//
// GoNB makes one module per notebook and builds every cell as a program of its own with `go mod init`,
// `goimports`, `go get` and `go build`. It finds in its PATH first the fronts (cmd/ugfront), which ask the
// [Daemon] inside the kernel over a unix socket:
//
//   - `go mod init` writes a go.mod that requires what the project requires, with the project itself
//     replaced by the clone, and the project's go.sum beside it. So every package of the project and of
//     its dependencies can be imported, without editing go.mod and without a network.
//   - `goimports` adds the imports that a cell misses, from the standard library and the packages of the
//     module set, and drops those that it does not use.
//   - `go get` does nothing when all imports of the cell are provided by that module set, and else fails
//     with the way to fetch the module.
//   - `go build` compiles and links the cell directly, with an import configuration that
//     `go list -export` made once for each set of imports; an unchanged cell is not built again.
//
// Every cell that is not plain Go (cgo, go:embed, tests, other flags) is built by the real go command,
// which the daemon runs, so that an interrupt ends it. All other commands are left to the real programs.
package gofront
