package engine

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/backend"
	"urbangraph/uglib/uge"
)

// childVariable makes the test's binary embed into the journal it names.
const childVariable = "UG_ENGINE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if err := child(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const childItems = 120

// child embeds with the model of a folder, one line on standard output for each
// batch; it waits for a line on standard input before the next.
func child(dir string) error {
	m, err := uge.Load(filepath.Join(dir, "model"))
	if err != nil {
		return err
	}
	_, _, err = resume(dir, m, func() {
		fmt.Println("batch")
		_, _ = bufio.NewReaderSize(os.Stdin, 16).ReadString('\n')
	})
	return err
}

// resume embeds the same items into the journal of a folder.
func resume(dir string, m *uge.Model, after func()) (map[string][]float32, Summary, error) {
	be, err := backend.Default()
	if err != nil {
		return nil, Summary{}, err
	}
	e, err := New(m, be, Options{Batch: 8})
	if err != nil {
		return nil, Summary{}, err
	}
	defer e.Close()
	j, anew, err := OpenJournal(filepath.Join(dir, "v.journal"), About{Model: "m", Width: e.Width(), Instruction: e.o.Instruction})
	if err == nil && anew != "" {
		err = errors.New(anew)
	}
	if err != nil {
		return nil, Summary{}, err
	}
	sums := map[string]Sum{}
	s, err := e.Run(context.Background(), each(mixed(childItems, 8)), Sink{
		Has: j.Has,
		Vectors: func(list []Encoded) error {
			err := j.Add(list)
			after()
			return err
		},
		Item: func(r Result) error {
			sums[r.ID] = r.Sum
			return nil
		},
	})
	out := map[string][]float32{}
	for id, sum := range sums {
		v, readErr := j.Vector(sum)
		out[id], err = v, errors.Join(err, readErr)
	}
	return out, s, errors.Join(err, j.Close())
}

// A process that is killed has lost no batch that it finished, and the next one
// computes the others alone.
func TestResumeAfterKill(t *testing.T) {
	m := tiny(t)
	dir := t.TempDir()
	if err := m.Save(filepath.Join(dir, "model")); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, batches := range []int{1, 3, 2} {
		cmd := exec.CommandContext(t.Context(), exe)
		cmd.Env = append(os.Environ(), childVariable+"="+dir)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		for i := range batches {
			if line, err := lines.ReadString('\n'); err != nil || line != "batch\n" {
				t.Fatalf("%q, %v", line, err)
			}
			if i < batches-1 {
				if _, err := in.Write([]byte("\n")); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Process.Kill(); err != nil { // SIGKILL
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process was not killed")
		}
		known += 8 * batches // full batches come first, or nearly so
	}
	got, s, err := resume(dir, m, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if s.Known < known/2 || s.Known > known || s.Known+s.Encoded+s.Same != childItems || s.Encoded == 0 {
		t.Errorf("of about %d kept vectors: %+v", known, s)
	}
	fresh := t.TempDir()
	want, s, err := resume(fresh, m, func() {})
	if err != nil || s.Known != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	for id, v := range want {
		if d := distance(v, got[id]); d > 1e-5 {
			t.Errorf("%s differs by %g", id, d)
		}
	}
	// All is there now.
	if _, s, err = resume(fresh, m, func() {}); err != nil || s.Encoded != 0 || s.Batches != 0 || s.Known+s.Same != childItems {
		t.Errorf("%+v, %v", s, err)
	}
}

func encoded(n, width int) []Encoded {
	var out []Encoded
	for i := range n {
		x := Encoded{Sum: Sum{byte(i), 1}, Vector: make([]float32, width)}
		x.Vector[0] = float32(i)
		out = append(out, x)
	}
	return out
}

// A journal that was broken off at any byte keeps its whole records, and takes
// more.
func TestJournalCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	about := About{Model: "m", Fingerprint: "f", Width: 3}
	open := func() *Journal {
		t.Helper()
		j, anew, err := OpenJournal(path, about)
		if err != nil || anew != "" {
			t.Fatalf("%q, %v", anew, err)
		}
		return j
	}
	j := open()
	list := encoded(9, 3)
	for k := 0; k < 9; k += 3 {
		if err := j.Add(list[k : k+3]); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	record := 4 + 3*(32+12) + 4
	head := len(whole) - 3*record
	for cut := 0; cut <= len(whole); cut++ {
		if cut >= len(journalMagic) && cut < head {
			continue // see below
		}
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		j := open()
		want := max(0, (cut-head)/record) * 3
		if j.Len() != want {
			t.Fatalf("cut at %d of %d: %d vectors, want %d", cut, len(whole), j.Len(), want)
		}
		if err := j.Add(list[6:]); err != nil {
			t.Fatal(err)
		}
		for i, x := range list {
			if has := i < want || i >= 6; j.Has(x.Sum) != has {
				t.Fatalf("cut at %d: vector %d is there: %v", cut, i, !has)
			}
			if v, err := j.Vector(x.Sum); err == nil && !slices.Equal(v, x.Vector) {
				t.Fatalf("cut at %d: vector %d is %v", cut, i, v)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = open()
		if n := min(want, 6) + 3; j.Len() != n {
			t.Fatalf("cut at %d: %d vectors after another record, want %d", cut, j.Len(), n)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// A byte that changed ends what can be used.
	flipped := bytes.Clone(whole)
	flipped[head+record+20] ^= 1
	if err := os.WriteFile(path, flipped, 0o644); err != nil {
		t.Fatal(err)
	}
	if j = open(); j.Len() != 3 {
		t.Errorf("%d vectors before the damage, want 3", j.Len())
	}
	if err := j.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the journal is not removed")
	}
}

func TestJournalOrigin(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "j")
	about := About{Model: "m", Fingerprint: "f", Width: 3, Instruction: Instruction{Image: "a", Text: "{text}", Both: "{text}"}}
	fill := func() {
		t.Helper()
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		j, _, err := OpenJournal(path, about)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(j.Add(encoded(4, 3)), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		change func(*About)
		want   string
	}{
		{func(*About) {}, ""},
		{func(a *About) { a.Model, a.Instruction.About = "another name of it", "x" }, ""},
		{func(a *About) { a.Fingerprint = "g" }, "model"},
		{func(a *About) { a.Width = 4 }, "model"},
		{func(a *About) { a.DType = "bfloat16" }, "type"},
		{func(a *About) { a.Instruction.Image = "b" }, "prompt"},
		{func(a *About) { a.Instruction.Text = "b {text}" }, "prompt"},
	} {
		fill()
		other := about
		c.change(&other)
		j, anew, err := OpenJournal(path, other)
		if err != nil {
			t.Fatal(err)
		}
		if (anew == "") != (c.want == "") || !strings.Contains(anew, c.want) || (j.Len() == 4) != (c.want == "") {
			t.Errorf("%+v: %q, %d vectors", other, anew, j.Len())
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if j, anew, err = OpenJournal(path, other); err != nil || anew != "" {
			t.Fatalf("opened again: %q, %v", anew, err)
		}
		_, _, err = OpenJournal(path, other)
		wantError(t, err, "another process", path)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, []byte("a letter to a friend, which is no journal"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := OpenJournal(path, about)
	wantError(t, err, "no journal")
	if data, err := os.ReadFile(path); err != nil || len(data) < 40 {
		t.Errorf("another file was overwritten: %q, %v", data, err)
	}
	if err := os.WriteFile(path, []byte(journalMagic+`{"model"`), 0o644); err != nil {
		t.Fatal(err)
	}
	j, anew, err := OpenJournal(path, about)
	if err != nil || anew == "" {
		t.Fatalf("%q, %v", anew, err)
	}
	wantError(t, j.Add(encoded(1, 2)), "width 2")
	_, err = j.Vector(Sum{})
	wantError(t, err, "no vector")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err = OpenJournal(filepath.Join(dir, "none", "j"), about)
	wantError(t, err, "none")
}

func TestFingerprint(t *testing.T) {
	dir := t.TempDir()
	if err := tiny(t).Save(dir); err != nil {
		t.Fatal(err)
	}
	print := func() string {
		t.Helper()
		f, err := Fingerprint(dir)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := print()
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if print() != first {
		t.Error("a text beside the model changes its fingerprint")
	}
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json", "adapter/adapter_config.json"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteString(" ")
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if next := print(); next == first {
			t.Errorf("a change of %s does not change the fingerprint", name)
		} else {
			first = next
		}
	}
	_, err := Fingerprint(filepath.Join(dir, "none"))
	wantError(t, err, "none")
}
