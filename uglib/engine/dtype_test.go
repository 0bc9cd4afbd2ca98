package engine

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/uge"
)

// Texts, images and both get nearly the same vectors in every type, from each
// backbone; what is loaded straight to the backend gets those of what is not.
func TestTypes(t *testing.T) {
	be, err := backend.Default()
	if err != nil {
		t.Fatal(err)
	}
	for family, m := range families(t) {
		t.Run(family, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "model")
			if err := m.Save(dir); err != nil {
				t.Fatal(err)
			}
			want := embedAll(t, m, "")
			for _, c := range []struct {
				dtype dtypes.DType
				name  string
				least float64 // cosine
			}{
				{dtypes.Float32, "", 1 - 1e-6},
				{dtypes.BFloat16, "bfloat16", 0.999}, {dtypes.Float16, "float16", 0.9999},
			} {
				if c.name != "" && !be.Capabilities().DTypes[c.dtype] {
					t.Logf("%s does not compute in %s", be.Description(), c.name)
					continue
				}
				loaded, err := uge.LoadWith(dir, transformer.LoadOptions{Backend: be, DType: c.dtype})
				if err != nil {
					t.Fatal(err)
				}
				worst := 2.0
				for i, v := range embedAll(t, loaded, c.name) {
					same := uge.Similarity(v, want[i])
					if !(same > c.least) {
						t.Errorf("%s: input %d has cosine %.9f, want more than %.9f", c.dtype, i, same, c.least)
					}
					if c.name != "" && slices.Equal(v, want[i]) {
						t.Errorf("%s: input %d has the very vector of float32", c.dtype, i)
					}
					worst = min(worst, same)
				}
				t.Logf("%s: cosine %.7f at least", c.dtype, worst)
			}
		})
	}
}

// embedAll embeds a few inputs of all kinds with a model that is computed in the
// type of that name.
func embedAll(t *testing.T, m *uge.Model, dtype string) [][]float32 {
	t.Helper()
	be, err := backend.Default()
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(m, be, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.DType() != dtype {
		t.Fatalf("it is computed in %q, want %q", e.DType(), dtype)
	}
	vectors, s, err := e.Embed(t.Context(), mixed(12, 4))
	if err != nil || len(s.Skipped) > 0 {
		t.Fatalf("%v, %v", err, s.Skipped)
	}
	return vectors
}
