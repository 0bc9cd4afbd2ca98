package keep

import (
	"os"
	"strings"
)

// Entry is what a program says about a name that it put.
type Entry struct {
	Name    string
	Type    string   // Go source of its static type, with import paths, quoted, for the names of packages
	Short   string   // the type for people, such as map[string]*city.City
	Unnamed string   // why Type is empty: no other cell can write the type
	Dynamic []string // types that stand in interfaces, as Type
	Own     []string // types declared in cells that Type and Dynamic name
	File    string   // its name in the folder of all values; empty if nothing was written
	Same    bool     // nothing was written because the value is what the program got
	Opened  bool     // the value is opened again, or some of it
	Zoned   bool     // to get the value, [Zones] must be known
	Size    int64    // of the file, bytes
	Why     string   // why the value cannot be kept; empty if it is
}

const indexSuffix = ".index"

// AppendEntry adds an entry to the contents of an index.
func AppendEntry(b []byte, e Entry) []byte {
	b = appendString(b, e.Name)
	b = appendString(b, e.Type)
	b = appendString(b, e.Short)
	b = appendString(b, e.Unnamed)
	b = appendStrings(b, e.Dynamic)
	b = appendStrings(b, e.Own)
	b = appendString(b, e.File)
	var flags byte
	if e.Same {
		flags |= 1
	}
	if e.Opened {
		flags |= 2
	}
	if e.Zoned {
		flags |= 4
	}
	b = append(b, flags)
	b = appendUvarint(b, uint64(e.Size))
	return appendString(b, e.Why)
}

func appendStrings(b []byte, all []string) []byte {
	b = appendUvarint(b, uint64(len(all)))
	for _, s := range all {
		b = appendString(b, s)
	}
	return b
}

func (r *reader) strings() []string {
	var all []string
	for range r.count() {
		all = append(all, r.string())
	}
	return all
}

// ParseEntries reads the contents of an index.
func ParseEntries(b []byte) ([]Entry, error) {
	var all []Entry
	for r := (&reader{data: b}); len(r.data) > 0; {
		e := Entry{Name: r.string(), Type: r.string(), Short: r.string(), Unnamed: r.string()}
		e.Dynamic, e.Own = r.strings(), r.strings()
		e.File = r.string()
		flags := r.byte()
		e.Same, e.Opened, e.Zoned = flags&1 != 0, flags&2 != 0, flags&4 != 0
		e.Size = int64(r.number(1 << 62))
		e.Why = r.string()
		if r.bad || e.File != "" && strings.ContainsAny(e.File, `/\`) {
			return nil, failure("the index of kept names is damaged")
		}
		all = append(all, e)
	}
	return all, nil
}

// ReadIndex returns what the program with a prefix has put; nothing if it did not end well.
func ReadIndex(prefix string) ([]Entry, error) {
	b, err := os.ReadFile(prefix + indexSuffix) // in the kernel
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return ParseEntries(b)
}
