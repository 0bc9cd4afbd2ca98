//go:build cells

package lab

// What notebook cells may import though the project itself does not: the tag is never set, but go mod tidy sees the
// imports and keeps the modules, as modules that are required directly: of those a cell may leave out the imports.
import (
	_ "github.com/janpfeifer/must"
	_ "gonum.org/v1/gonum/stat"
)
