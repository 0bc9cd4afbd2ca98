// Package gofront is the `go` command that GoNB finds first in its PATH.
//
// GoNB makes one module per notebook and builds every cell as a program of its own with `go mod init`,
// `go get` and `go build`. The front answers exactly these three in GoNB's own folder:
//
//   - `go mod init` writes a go.mod that requires what the project requires, with the project itself
//     replaced by the clone, and the project's go.sum beside it. So every package of the project and of
//     its dependencies can be imported, without editing go.mod and without a network.
//   - `go get` does nothing when all imports of the cell are already provided by that module set.
//   - `go build` compiles and links the cell directly, with an import configuration that
//     `go list -export` made once for each set of imports; an unchanged cell is not built again.
//
// Everything else, and every cell that is not plain Go (cgo, go:embed, tests, other flags), goes to the
// real go command.
package gofront
