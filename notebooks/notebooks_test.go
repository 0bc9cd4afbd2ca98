// Package notebooks_test checks the project's notebooks.
package notebooks_test

import (
	"path/filepath"
	"testing"

	"urbangraph/kernel/lab"
)

// TestCommittedForm checks what holds for every notebook as it is committed: it has no outputs, so that
// changes can be read, and it opens with the project's kernel.
func TestCommittedForm(t *testing.T) {
	files, err := filepath.Glob("*.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		n, err := lab.ReadNotebook(f)
		if err != nil {
			t.Error(err)
			continue
		}
		if !n.Clean() {
			t.Errorf("%s holds outputs or execution counts: clear them (in JupyterLab: Edit, Clear Outputs of All Cells) and save", f)
		}
		spec, _ := n.Metadata["kernelspec"].(map[string]any)
		if spec["name"] != lab.KernelName {
			t.Errorf("%s is for the kernel %v, want %s", f, spec["name"], lab.KernelName)
		}
	}
}
