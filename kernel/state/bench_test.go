package state

import (
	"fmt"
	"path/filepath"
	"testing"

	"urbangraph/kernel/cell"
)

// BenchmarkPrepare prepares a cell in a notebook of a hundred functions and variables.
func BenchmarkPrepare(b *testing.B) {
	m, err := New(filepath.Join(b.TempDir(), "kept"))
	if err != nil {
		b.Fatal(err)
	}
	for i := range 100 {
		c := cell.Parse(fmt.Sprintf("var v%d = map[string]int{}\n\nfunc f%d(x int) int {\n\tv%d[\"a\"] += x\n\treturn v%d[\"a\"]\n}\n", i, i, i, max(0, i-1)))
		s, err := m.Prepare(c)
		if err != nil {
			b.Fatal(err)
		}
		m.Built(s)
	}
	for b.Loop() {
		s, err := m.Prepare(cell.Parse("%%\nx := f7(3)\nfmt.Println(x, f9(2))\n"))
		if err != nil {
			b.Fatal(err)
		}
		m.Abandon(s)
	}
}
