package keep

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// A type's text is its Go source with the import path, quoted, where source has the name of a package:
// map[string]*"urbangraph/uglib/city".City. Types of package main have no path: they are declared in cells.

// typeText returns the text of a type, or why no other cell can write it. own are the types of cells that
// the text names.
func typeText(t reflect.Type) (text string, own []string, why string) {
	w := typeWriter{}
	w.write(t)
	if w.why != "" {
		return "", nil, w.why
	}
	return string(w.text), w.own, ""
}

type typeWriter struct {
	text []byte
	own  []string
	why  string
}

func (w *typeWriter) add(s string) { w.text = append(w.text, s...) }

func (w *typeWriter) write(t reflect.Type) {
	if t.Name() != "" {
		w.named(t)
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		w.add("*")
		w.write(t.Elem())
	case reflect.Slice:
		w.add("[]")
		w.write(t.Elem())
	case reflect.Array:
		w.add("[" + strconv.Itoa(t.Len()) + "]")
		w.write(t.Elem())
	case reflect.Map:
		w.add("map[")
		w.write(t.Key())
		w.add("]")
		w.write(t.Elem())
	case reflect.Chan:
		switch t.ChanDir() {
		case reflect.RecvDir:
			w.add("<-chan ")
		case reflect.SendDir:
			w.add("chan<- ")
		default:
			w.add("chan ")
		}
		w.add("(")
		w.write(t.Elem())
		w.add(")")
	case reflect.Func:
		w.function(t)
	case reflect.Struct:
		w.structure(t)
	case reflect.Interface:
		if t.NumMethod() == 0 {
			w.add("interface{}")
			return
		}
		w.link(t.String(), true) // reflection on methods would keep those of all types
	default:
		w.why = t.String() + " has no name"
	}
}

func (w *typeWriter) function(t reflect.Type) {
	w.add("func(")
	for i := range t.NumIn() {
		if i > 0 {
			w.add(", ")
		}
		if in := t.In(i); t.IsVariadic() && i == t.NumIn()-1 {
			w.add("...")
			w.write(in.Elem())
		} else {
			w.write(in)
		}
	}
	w.add(")")
	if t.NumOut() == 0 {
		return
	}
	w.add(" (")
	for i := range t.NumOut() {
		if i > 0 {
			w.add(", ")
		}
		w.write(t.Out(i))
	}
	w.add(")")
}

func (w *typeWriter) structure(t reflect.Type) {
	w.add("struct{")
	for i := range t.NumField() {
		f := t.Field(i)
		if i > 0 {
			w.add("; ")
		}
		if f.PkgPath != "" && f.PkgPath != "main" {
			w.why = "the field " + f.Name + " of " + t.String() + " belongs to package " + f.PkgPath
			return
		}
		if !f.Anonymous {
			w.add(f.Name + " ")
		}
		w.write(f.Type)
		if f.Tag != "" {
			w.add(" " + strconv.Quote(string(f.Tag)))
		}
	}
	w.add("}")
}

func (w *typeWriter) named(t reflect.Type) {
	if t.PkgPath() == "" {
		w.add(t.Name())
		return
	}
	name, args, generic := strings.Cut(t.Name(), "[")
	w.qualified(t.PkgPath(), name)
	if generic {
		w.add("[")
		w.link(args, false)
	}
}

// qualified adds a named type of a package.
func (w *typeWriter) qualified(path, name string) {
	switch {
	case strings.Contains(name, "·"): // the linker numbers types that are declared in functions
		w.why = "the type " + name[:strings.Index(name, "·")] + " is declared inside a function"
	case path == "main":
		w.add(name)
		w.own = append(w.own, name)
	case !exported(name):
		w.why = "the type " + path + "." + name + " is not exported"
	case internal(path):
		w.why = "the package " + path + " cannot be imported here"
	default:
		w.add(strconv.Quote(path) + "." + name)
	}
}

// link adds types in the linker's spelling, in which packages stand unquoted before names. With byName
// they are names of packages, not paths, so that none but main is known.
func (w *typeWriter) link(s string, byName bool) {
	for s != "" && w.why == "" {
		if s[0] == '"' { // the tag of a field
			q, err := strconv.QuotedPrefix(s)
			if err != nil {
				w.why = "its text cannot be read"
				return
			}
			w.add(q)
			s = s[len(q):]
			continue
		}
		n := strings.IndexAny(s, ` "*[](){},;<`)
		if n < 0 {
			n = len(s)
		}
		if n == 0 {
			w.add(s[:1])
			s = s[1:]
			continue
		}
		word := s[:n]
		s = s[n:]
		if rest, ok := strings.CutPrefix(word, "..."); ok {
			w.add("...")
			word = rest
		}
		dot := strings.LastIndexByte(word, '.')
		if dot < 0 || dot < strings.LastIndexByte(word, '/') {
			w.add(word)
			continue
		}
		path, ok := unescapePath(word[:dot])
		if !ok || byName && path != "main" {
			w.why = "it names types of the package " + word[:dot] + " inside an interface"
			return
		}
		w.qualified(path, word[dot+1:])
	}
}

// unescapePath undoes how the linker spells import paths: %2e for a dot in the last element.
func unescapePath(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out = append(out, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		b, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		out = append(out, byte(b))
		i += 2
	}
	return string(out), true
}

func exported(name string) bool {
	for _, r := range name {
		return unicode.IsUpper(r)
	}
	return false
}

// internal reports whether cells may not import a package.
func internal(path string) bool {
	for rest := path; rest != ""; {
		var elem string
		elem, rest, _ = strings.Cut(rest, "/")
		if elem == "internal" || elem == "vendor" {
			return true
		}
	}
	return false
}
