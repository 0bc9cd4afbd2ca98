// Package gopls completes, explains and formats the cells of a notebook, beside the path on which cells
// run.
//
// The notebook is shown to an unmodified gopls as a small module of two files: what earlier cells left
// (declarations and the variables that are kept) and the cell being edited, around whose statements a
// main function is put. Nothing of it is built; positions are mapped both ways. See [Server].
//
// gopls starts on the first request, or before it when [Server.Warm] is called, at low priority, and
// ends with the kernel even when that is killed. Where it is not installed, has died or has not answered
// within [Options.Patience], a completer of our own answers from syntax alone: the names of the notebook,
// the exported names of packages read from their sources, fields and methods of variables whose type can
// be read off, magics and file paths.
//
// [Format] is gofmt for cells.
package gopls
