package keep

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// Variables by which the kernel tells a program where its names are.
const (
	// Folder is the folder that a program puts its values in.
	Folder = "UG_KEEP"
	// Files are the names that it may get: NAME=FILE:CELL, joined by commas. FILE lies beside the folder;
	// CELL is the number of the cell that the value is from.
	Files = "UG_KEPT"

	limitVariable = "UG_KEEP_LIMIT"
	defaultLimit  = 1 << 30
)

// state is what a program knows of its names.
type state struct {
	folder string
	limit  int64
	files  map[string]source
	vars   []variable
	put    map[string]bool
	index  []Entry
}

// source is where a name's value comes from.
type source struct {
	path string
	cell string
	kept *mapping // when it was read
}

// variable is a package-level variable whose value is taken at the end.
type variable struct {
	name string
	t    reflect.Type
	at   unsafe.Pointer
}

var program = load()

func load() *state {
	s := &state{folder: os.Getenv(Folder), limit: defaultLimit, files: map[string]source{}, put: map[string]bool{}}
	if n, err := strconv.ParseInt(os.Getenv(limitVariable), 10, 64); err == nil && n > 0 {
		s.limit = n
	}
	for _, f := range strings.Split(os.Getenv(Files), ",") {
		name, rest, _ := strings.Cut(f, "=")
		file, cell, ok := strings.Cut(rest, ":")
		if ok {
			s.files[name] = source{path: filepath.Join(filepath.Dir(s.folder), file), cell: cell}
		}
	}
	return s
}

// Put keeps the value of a name as it is now. A value that cannot be kept is no error here: the kernel
// learns why, and runs the statement again that made it.
func Put[T any](name string, v T) { program.add(name, reflect.TypeFor[T](), unsafe.Pointer(&v)) }

// At keeps the value that a variable has when [Done] is called.
func At[T any](name string, v *T) {
	program.vars = append(program.vars, variable{name, reflect.TypeFor[T](), unsafe.Pointer(v)})
}

// Get returns the value of a name. It panics if that cannot be read, which happens when a type has changed
// so that the value no longer fits; the message says what does not.
func Get[T any](name string) T {
	var v T
	program.get(name, reflect.TypeFor[T](), unsafe.Pointer(&v))
	return v
}

// Restore sets a variable to the value of a name, and keeps it as [At] does.
func Restore[T any](name string, v *T) {
	var zero T
	*v = zero
	program.get(name, reflect.TypeFor[T](), unsafe.Pointer(v))
	At(name, v)
}

// Done ends the cell: what was put counts from now on. A program that does not come so far has put nothing.
func Done() {
	for _, v := range program.vars {
		program.add(v.name, v.t, v.at)
	}
	program.done()
}

// lost is the panic of a value that cannot be read.
type lost struct{ name, why, cell string }

func (l lost) Error() string {
	return "the value of " + l.name + " from cell [" + l.cell + "] cannot be used: " + l.why + "; run that cell again"
}

func (s *state) get(name string, t reflect.Type, at unsafe.Pointer) {
	src, ok := s.files[name]
	why := "it is not there"
	if ok {
		kept, err := mapFile(src.path)
		if err == nil {
			src.kept = kept
			s.files[name] = src
			err = read(kept, t, at)
		}
		if err == nil {
			return
		}
		why = err.Error()
	}
	l := lost{name, why, src.cell}
	if s.folder != "" {
		_ = os.WriteFile(filepath.Join(s.folder, lostFile), AppendEntry(nil, Entry{Name: name, Why: why}), 0o600)
	}
	panic(l)
}

func read(m *mapping, t reflect.Type, at unsafe.Pointer) error {
	f, err := readFile(m.data)
	if err != nil {
		return err
	}
	return decode(f, t, at, false)
}

// add writes the value of a name, unless it is what the program got.
func (s *state) add(name string, t reflect.Type, at unsafe.Pointer) {
	if s.folder == "" || s.put[name] {
		return
	}
	s.put[name] = true
	e := Entry{Name: name, Short: t.String()}
	e.Type, e.Unnamed = typeText(t)
	enc, err := encode(t, at, s.limit)
	if err != nil {
		e.Why = err.Error()
		s.index = append(s.index, e)
		return
	}
	e.Size, e.Dynamic = enc.size, enc.dynamic
	if src := s.files[name]; src.kept != nil && src.kept.holds(enc) {
		e.Same = true
	} else {
		e.File = "v" + strconv.Itoa(len(s.index))
		if err := enc.write(filepath.Join(s.folder, e.File)); err != nil {
			e.File, e.Why = "", "its file cannot be written: "+err.Error()
		}
	}
	s.index = append(s.index, e)
}

func (s *state) done() {
	if s.folder == "" {
		return
	}
	var out []byte
	for _, e := range s.index {
		out = AppendEntry(out, e)
	}
	temp := filepath.Join(s.folder, indexFile+".new")
	err := os.WriteFile(temp, out, 0o600)
	if err == nil {
		err = os.Rename(temp, filepath.Join(s.folder, indexFile))
	}
	if err != nil {
		os.Stderr.WriteString("the names of this cell are not kept: " + err.Error() + "\n")
	}
}

// write makes the file.
func (e *encoded) write(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(e.head)
	var padding [64]byte
	for _, m := range e.far {
		if err == nil {
			_, err = f.Write(m.bytes())
		}
		if n := align(int64(m.size)) - int64(m.size); err == nil && n > 0 {
			_, err = f.Write(padding[:n])
		}
	}
	if c := f.Close(); err == nil {
		err = c
	}
	return err
}
