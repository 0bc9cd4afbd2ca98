package npz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/internal/pyenv"
)

func sample(w io.Writer) error {
	f := NewWriter(w)
	Add(f, "ids", []int64{1<<53 + 1, -1})
	Add(f, "pairs", []int32{1, 2, 3, 4, 5, 6}, 2, 3)
	Add(f, "features", []float32{0.5, -1}, 2, 1)
	Add(f, "exact", []float64{0.1})
	Add(f, "none", []uint8{})
	Add(f, "cube", make([]int8, 8), 2, 2, 2)
	Add(f, "long", make([]int16, 200000))
	Add(f, "cells", []uint64{1<<64 - 1})
	AddTexts(f, "texts", []string{"Elm", "", "مقهى 街"})
	return f.Close()
}

func TestSameBytes(t *testing.T) {
	var a, b bytes.Buffer
	if err := errors.Join(sample(&a), sample(&b)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same arrays make other bytes")
	}
}

func TestHeader(t *testing.T) {
	for _, shape := range [][]int{{}, {0}, {5}, {1, 2, 3}, {123456789, 1234567}} {
		h := header[int64](shape)
		if len(h)%64 != 0 || !strings.HasSuffix(h, "\n") || !strings.HasPrefix(h, "\x93NUMPY\x01\x00") || int(h[8])+int(h[9])<<8 != len(h)-10 {
			t.Errorf("%v: header %q", shape, h)
		}
	}
}

func TestRefused(t *testing.T) {
	for want, f := range map[string]func(w *Writer){
		"its shape [2 2] asks for 4": func(w *Writer) { Add(w, "a", []int64{1}, 2, 2) },
		`array "a" comes twice`:      func(w *Writer) { Add(w, "a", []int64{1}); Add(w, "a", []int64{1}) },
	} {
		w := NewWriter(io.Discard)
		f(w)
		if err := w.Close(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

// NumPy reads what is written, with pickles refused.
func TestNumPy(t *testing.T) {
	python := pyenv.Common(t)
	var buf bytes.Buffer
	if err := sample(&buf); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	const script = `
import json, sys, numpy
f = numpy.load(sys.argv[1], allow_pickle=False)
out = {k: [str(f[k].dtype), list(f[k].shape)] for k in f.files}
out["values"] = [str(f["ids"][0]), f["pairs"].tolist(), f["features"].tolist(), f["exact"].tolist(), str(f["cells"][0])]
at = f["texts_at"]
out["texts"] = [bytes(f["texts_utf8"][a:b]).decode() for a, b in zip(at[:-1], at[1:])]
json.dump(out, sys.stdout)
`
	var got map[string]any
	if err := json.Unmarshal(pyenv.Run(t, python, "-c", script, path), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"ids": "[int64 [2]]", "pairs": "[int32 [2 3]]", "features": "[float32 [2 1]]", "exact": "[float64 [1]]", "none": "[uint8 [0]]",
		"cube": "[int8 [2 2 2]]", "long": "[int16 [200000]]", "cells": "[uint64 [1]]", "texts_utf8": "[uint8 [15]]", "texts_at": "[int64 [4]]",
		"values": "[9007199254740993 [[1 2 3] [4 5 6]] [[0.5] [-1]] [0.1] 18446744073709551615]", "texts": "[Elm  مقهى 街]",
	}
	for name, w := range want {
		if g := fmt.Sprint(got[name]); g != w {
			t.Errorf("%s is %s, want %s", name, g, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d arrays, want %d", len(got), len(want))
	}
}
