package shards

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/internal/pyenv"
)

// write makes shards of samples of 2 kB each.
func write(t *testing.T, dir string, samples int, l Limits) []string {
	t.Helper()
	w, err := NewWriter(dir, "train", l)
	if err != nil {
		t.Fatal(err)
	}
	for i := range samples {
		err := w.Add(fmt.Sprintf("%015d", i), File{"jpg", bytes.Repeat([]byte{byte(i)}, 700)}, File{"json", []byte(`{"city":"街"}`)}, File{"txt", []byte("caption")})
		if err != nil {
			t.Fatal(err)
		}
	}
	names, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestShards(t *testing.T) {
	for _, x := range []struct {
		limits Limits
		want   []int // samples of each shard
	}{
		{Limits{}, []int{10}},
		{Limits{Samples: 4}, []int{4, 4, 2}},
		{Limits{Bytes: 9000}, []int{2, 2, 2, 2, 2}}, // a sample takes 3584 bytes, the end 1024
		{Limits{Bytes: 100}, slices.Repeat([]int{1}, 10)},
	} {
		dir := t.TempDir()
		var got []int
		for _, name := range write(t, dir, 10, x.limits) {
			f, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files := 0
			r := tar.NewReader(f)
			for {
				h, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if h.Mode != 0o644 || h.Uid != 0 || h.Uname != "" || h.ModTime.Unix() != 0 {
					t.Errorf("%s: %+v", name, h)
				}
				files++
			}
			if info, err := f.Stat(); err != nil || x.limits.Bytes > 4000 && info.Size() > x.limits.Bytes {
				t.Errorf("%s has %d bytes", name, info.Size())
			}
			f.Close()
			got = append(got, files/3)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%+v: %v samples, want %v", x.limits, got, x.want)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestSameBytes(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, name := range write(t, a, 10, Limits{Samples: 4}) {
		write(t, b, 10, Limits{Samples: 4})
		x, err := os.ReadFile(filepath.Join(a, name))
		if err != nil {
			t.Fatal(err)
		}
		if y, err := os.ReadFile(filepath.Join(b, name)); err != nil || !bytes.Equal(x, y) {
			t.Errorf("%s differs, %v", name, err)
		}
	}
}

func TestRefused(t *testing.T) {
	w, err := NewWriter(t.TempDir(), "x", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add("1", File{"txt", nil}); err != nil {
		t.Fatal(err)
	}
	for want, add := range map[string]func() error{
		`key "a.b" is not`:      func() error { return w.Add("a.b", File{"txt", nil}) },
		`key "../a" is not`:     func() error { return w.Add("../a", File{"txt", nil}) },
		`key "1" comes twice`:   func() error { return w.Add("1", File{"txt", nil}) },
		`extension "" is not`:   func() error { return w.Add("2", File{"", nil}) },
		`extension "/a" is not`: func() error { return w.Add("2", File{"/a", nil}) },
	} {
		if err := add(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
	if names, err := w.Close(); err != nil || len(names) != 1 {
		t.Errorf("a refused sample spoils the rest: %v, %v", names, err)
	}
	if _, err := NewWriter(t.TempDir(), "x", Limits{Bytes: -1}); err == nil {
		t.Error("a negative limit is taken")
	}
	empty, err := NewWriter(t.TempDir(), "x", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if names, err := empty.Close(); err != nil || len(names) != 0 {
		t.Errorf("no sample: %v, %v", names, err)
	}
}

// The package webdataset reads the samples back.
func TestWebDataset(t *testing.T) {
	python := pyenv.Common(t)
	dir := t.TempDir()
	write(t, dir, 10, Limits{Samples: 4})
	const script = `
import glob, json, sys, webdataset
out = []
for s in webdataset.WebDataset(sorted(glob.glob(sys.argv[1] + "/train-*.tar")), shardshuffle=False).decode():
    out.append([s["__key__"], len(s["jpg"]) if isinstance(s["jpg"], bytes) else -1, s["json"]["city"], s["txt"]])
json.dump(out, sys.stdout)
`
	var got [][]any
	if err := json.Unmarshal(pyenv.Run(t, python, "-c", script, dir), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 10 || !reflect.DeepEqual(got[9], []any{"000000000000009", 700.0, "街", "caption"}) {
		t.Errorf("webdataset reads %v", got)
	}
}
