package uge

import (
	"slices"
	"testing"
)

func TestReopen(t *testing.T) {
	m := tinyGraphModel(t)
	_, err := m.KeptAs()
	wantError(t, err, "lies in no folder", "Save")
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	ref, err := m.KeptAs()
	if err != nil || string(ref) != dir {
		t.Fatalf("a saved model is kept as %q, %v", ref, err)
	}
	in := []Input{{Text: "street"}}
	want := encode(t, m, in)

	var again Model
	if err := again.Reopen(ref); err != nil {
		t.Fatal(err)
	}
	if got := encode(t, &again, in); !slices.Equal(got[0], want[0]) {
		t.Error("opened again it embeds otherwise")
	}
	if twice, err := again.KeptAs(); err != nil || string(twice) != dir {
		t.Errorf("after it has run it is kept as %q, %v", twice, err)
	}
	again.Config.MaxTokens--
	_, err = again.KeptAs()
	wantError(t, err, "another than "+dir)
	again.Config.MaxTokens++
	stir(t, &again)
	_, err = again.KeptAs()
	wantError(t, err, "another than "+dir)
	wantError(t, again.Reopen([]byte(t.TempDir())), "load model")
}
