package keep

import (
	"encoding/binary"
	"os"
	"path/filepath"
)

// Entry is what a program says about a name that it put.
type Entry struct {
	Name    string
	Type    string   // Go source of its static type, with import paths, quoted, for the names of packages
	Short   string   // the type for people, such as map[string]*city.City
	Unnamed string   // why Type is empty: no other cell can write the type
	Dynamic []string // types that stand in interfaces, as Type
	File    string   // in the folder of the program; empty if nothing was written
	Same    bool     // nothing was written because the value is what the program got
	Size    int64    // of the file, bytes
	Why     string   // why the value cannot be kept; empty if it is
}

const (
	indexFile = "index"
	lostFile  = "lost"
)

// AppendEntry adds an entry to the contents of an index.
func AppendEntry(b []byte, e Entry) []byte {
	b = appendString(b, e.Name)
	b = appendString(b, e.Type)
	b = appendString(b, e.Short)
	b = appendString(b, e.Unnamed)
	b = binary.AppendUvarint(b, uint64(len(e.Dynamic)))
	for _, d := range e.Dynamic {
		b = appendString(b, d)
	}
	b = appendString(b, e.File)
	same := byte(0)
	if e.Same {
		same = 1
	}
	b = append(b, same)
	b = binary.AppendUvarint(b, uint64(e.Size))
	return appendString(b, e.Why)
}

// ParseEntries reads the contents of an index.
func ParseEntries(b []byte) ([]Entry, error) {
	var all []Entry
	for r := (&reader{data: b}); len(r.data) > 0; {
		e := Entry{Name: r.string(), Type: r.string(), Short: r.string(), Unnamed: r.string()}
		if n := r.count(); n > 0 {
			e.Dynamic = make([]string, n)
		}
		for i := range e.Dynamic {
			e.Dynamic[i] = r.string()
		}
		e.File = r.string()
		e.Same = r.byte() == 1
		e.Size = int64(r.number(1 << 62))
		e.Why = r.string()
		if r.bad || e.File != "" && filepath.Base(e.File) != e.File {
			return nil, failure("the index of kept names is damaged")
		}
		all = append(all, e)
	}
	return all, nil
}

// ReadIndex returns what the program whose folder it is has put; nothing if it did not end well.
func ReadIndex(folder string) ([]Entry, error) { return readIndex(filepath.Join(folder, indexFile)) }

// ReadLost returns the name, if any, whose value the program could not read, and why.
func ReadLost(folder string) ([]Entry, error) { return readIndex(filepath.Join(folder, lostFile)) }

func readIndex(path string) ([]Entry, error) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return ParseEntries(b)
}
