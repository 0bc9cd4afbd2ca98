package keep

import (
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// Variables by which the kernel tells a program where its names are.
const (
	// Prefix is what the paths of the files begin with that a program puts its values in.
	Prefix = "UG_KEEP"
	// Files are the names that it may get: NAME=FILE:CELL, joined by commas. FILE lies beside those files;
	// CELL is the number of the cell that the value is from.
	Files = "UG_KEPT"

	limitVariable = "UG_KEEP_LIMIT"
	defaultLimit  = 1 << 30
)

// state is what a program knows of its names.
type state struct {
	prefix string
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
	was  []byte // the file of its value at first, if it counts only when that changes
}

// watchLimit is the size of a value, in bytes, up to which it is found out whether it has changed.
const watchLimit = 1 << 20

var program = load()

// dir is the folder of all values, with the separator at its end.
func (s *state) dir() string { return s.prefix[:strings.LastIndexByte(s.prefix, os.PathSeparator)+1] }

func load() *state {
	s := &state{prefix: os.Getenv(Prefix), limit: defaultLimit, files: map[string]source{}, put: map[string]bool{}}
	if n, err := strconv.ParseInt(os.Getenv(limitVariable), 10, 64); err == nil && n > 0 {
		s.limit = n
	}
	for _, f := range strings.Split(os.Getenv(Files), ",") {
		name, rest, _ := strings.Cut(f, "=")
		file, cell, ok := strings.Cut(rest, ":")
		if ok {
			s.files[name] = source{path: s.dir() + file, cell: cell}
		}
	}
	return s
}

// Put keeps the value of a name as it is now. A value that cannot be kept is no error here: the kernel
// learns why, and runs the statement again that made it.
func Put[T any](name string, v T) { put(name, &v) }

// At keeps the value that the variable which v points to has when [Done] is called.
func At(name string, v any) { program.vars = append(program.vars, pointee(name, v)) }

// Watch is At for a variable that may be changed unseen, by its methods or by functions that get it: its
// value is kept if it is another then, and was small.
func Watch(name string, v any) {
	x := pointee(name, v)
	if e, err := encode(x.t, x.at, watchLimit); err == nil {
		x.was = e.flat()
		program.vars = append(program.vars, x)
	}
}

// Get returns the value of a name, in which values in interfaces have the types. It panics if that cannot be
// read, which happens when a type has changed so that the value no longer fits; the message says what does
// not.
func Get[T any](name string, types ...Known) T {
	var v T
	get(name, &v)
	return v
}

// Restore sets the variable that v points to to the value of a name, and keeps it as [At] does.
func Restore(name string, v any, types ...Known) {
	reflect.ValueOf(v).Elem().SetZero()
	get(name, v)
	At(name, v)
}

// The generic functions are no more than these calls: compiling a cell takes longer by all that they hold.

func put(name string, v any) {
	x := pointee(name, v)
	program.add(name, x.t, x.at)
}

func get(name string, v any) {
	x := pointee(name, v)
	program.get(name, x.t, x.at)
}

func pointee(name string, v any) variable {
	p := reflect.ValueOf(v)
	return variable{name: name, t: p.Type().Elem(), at: p.UnsafePointer()}
}

// Done ends the cell: what was put counts from now on. A program that does not come so far has put nothing.
func Done() {
	for _, v := range program.vars {
		if v.was != nil {
			if e, err := encode(v.t, v.at, program.limit); err != nil || string(e.flat()) == string(v.was) {
				continue
			}
		}
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
	panic(lost{name, why, src.cell})
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
	if s.prefix == "" || s.put[name] {
		return
	}
	s.put[name] = true
	e := Entry{Name: name, Short: t.String()}
	e.Type, e.Own, e.Unnamed = typeText(t)
	enc, err := encode(t, at, s.limit)
	if err != nil {
		e.Why = err.Error()
		s.index = append(s.index, e)
		return
	}
	e.Size, e.Dynamic, e.Opened, e.Zoned = enc.size, enc.dynamic, enc.opened, enc.zoned
	e.Own = append(e.Own, enc.own...)
	if src := s.files[name]; src.kept != nil && src.kept.holds(enc) {
		e.Same = true
	} else {
		path := s.prefix + ".v" + strconv.Itoa(len(s.index))
		e.File = path[len(s.dir()):]
		if err := enc.write(path); err != nil {
			e.File, e.Why = "", "its file cannot be written: "+err.Error()
		}
	}
	s.index = append(s.index, e)
}

func (s *state) done() {
	if s.prefix == "" {
		return
	}
	var out []byte
	for _, e := range s.index {
		out = AppendEntry(out, e)
	}
	// The kernel reads it when the program has ended well, so that it is whole.
	if err := os.WriteFile(s.prefix+indexSuffix, out, 0o600); err != nil {
		os.Stderr.WriteString("the names of this cell are not kept: " + err.Error() + "\n")
	}
}

// flat returns the contents of the file.
func (e *encoded) flat() []byte {
	out := slices.Clone(e.head)
	for _, m := range e.far {
		out = append(out, m.bytes()...)
		out = append(out, make([]byte, align(int64(m.size))-int64(m.size))...)
	}
	return out
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
