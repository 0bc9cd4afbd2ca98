package gopls

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/gofront"
)

// TestMain lets the test program stand in for gopls, and for a kernel that is killed.
func TestMain(m *testing.M) {
	if mode := os.Getenv(fakeMode); mode != "" {
		fake(mode)
		return
	}
	if work := os.Getenv(victimWork); work != "" {
		victim(work)
		return
	}
	os.Exit(m.Run())
}

// book is a notebook.
type book struct {
	declared string // source of declarations
	vars     []KeptVariable
}

func (b book) Declarations() []cell.Decl { return cell.Parse(b.declared).Declared() }
func (b book) Variables() []KeptVariable { return b.vars }

// notebook is the notebook of most tests.
var notebook = book{
	declared: `import "fmt"
import h "house/rooms"

// Point is a place.
type Point struct {
	X, Y float64 // metres
	Tag  *h.Room
}

// Norm is the distance from the origin.
func (p Point) Norm() float64 { return p.X + p.Y }

func helper(count int, names ...string) (string, error) { return fmt.Sprint(count), nil }

var limit = 3
`,
	vars: []KeptVariable{
		{Name: "points", Type: "[]Point"},
		{Name: "byName", Type: "map[string]*rooms.Room", Imports: map[string]string{"rooms": "house/rooms"}},
	},
}

var toolchain = sync.OnceValues(func() (gofront.Toolchain, error) {
	return gofront.FindToolchain(context.Background(), ".", "")
})

func findToolchain(t testing.TB) gofront.Toolchain {
	t.Helper()
	tc, err := toolchain()
	if err != nil {
		t.Fatal(err)
	}
	return tc
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// house writes a module that notebooks require, and returns what writes a notebook's module.
func house(t testing.TB) func(dir string) error {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module house\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "rooms", "rooms.go"), `// Package rooms has rooms.
package rooms

// Room is a room.
type Room struct {
	Base
	Name string // as on the door
	area float64
}

// Base is in every room.
type Base struct{ Floor int }

// Up is one floor higher.
func (b *Base) Up() Base { return Base{b.Floor + 1} }

// Area is in square metres.
func (r *Room) Area() float64 { return r.area }

// New makes a room.
func New(name string) (*Room, error) { return &Room{Name: name}, nil }

// Size is a length.
type Size float64

const (
	// Small is small.
	Small Size = iota
	Large
)

var Hall = &Room{Name: "hall"}

func hidden() {}
`)
	write(t, filepath.Join(dir, "rooms", "other_windows.go"), "package rooms\n\nfunc OnlyWindows() {}\n")
	write(t, filepath.Join(dir, "rooms", "rooms_test.go"), "package rooms\n\nfunc OnlyTest() {}\n")
	write(t, filepath.Join(dir, "internal", "secret", "secret.go"), "package secret\n")
	return func(d string) error {
		if err := os.WriteFile(filepath.Join(d, "go.sum"), nil, 0o644); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(d, "go.mod"), []byte("module notebook\n\ngo 1.26\n\nrequire house v0.0.0\n\nreplace house => "+dir+"\n"), 0o644)
	}
}

// serve returns a server for the notebook of the tests.
func serve(t testing.TB, change func(*Options)) *Server {
	t.Helper()
	tc := findToolchain(t)
	work := t.TempDir()
	o := Options{Toolchain: tc, Env: gofront.BuildEnv(os.Environ(), tc), Work: work, Module: house(t), Log: t.Logf,
		Magics: []MagicHelp{{"%time", "measures a cell"}, {"%timeit", "measures it often"}, {"%%bash", "runs a script"}, {"%cd", "changes the folder"}},
		Dir:    func() string { return work }}
	if change != nil {
		change(&o)
	}
	s := New(o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// at splits a text at the mark | of the cursor.
func at(text string) (code string, offset int) {
	before, after, ok := strings.Cut(text, "|")
	if !ok {
		return text, len(text)
	}
	return before + after, len(before)
}

// complete completes at the mark and returns what the text would become with each match.
func complete(t testing.TB, s *Server, nb Notebook, text string) Completion {
	t.Helper()
	code, offset := at(text)
	c, err := s.Complete(context.Background(), nb, code, offset)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if c.Start > offset || c.End < offset || c.End > len(code) || len(c.Matches) != len(c.Kinds) || len(c.Matches) != len(c.Signatures) {
		t.Fatalf("%q: %+v does not fit the text", text, c)
	}
	return c
}
