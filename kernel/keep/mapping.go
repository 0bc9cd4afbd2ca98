package keep

import (
	"io"
	"os"
	"unsafe"
)

// mapping is a value's file in memory. Values alias it and may be changed there; the file stays as it is.
type mapping struct {
	path string
	data []byte
	held bool // mapped, not read
}

// mappedMinimum are the bytes from which on a file is mapped.
const mappedMinimum = 64 << 10

// mapFile returns a file's contents.
func mapFile(path string) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// Not Stat: what it returns has times, and the program would link all of the package time.
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if size >= mappedMinimum {
		if data, err := mapPrivate(f, size); err == nil {
			return &mapping{path, data, true}, nil
		}
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return &mapping{path, data, false}, nil
}

// holds reports whether the file is what an encoded value would be written as.
func (m *mapping) holds(e *encoded) bool {
	if int64(len(m.data)) != e.size {
		return false
	}
	file := m.data
	if m.held || len(e.far) > 0 { // the value may have been changed in the mapping
		f, err := os.Open(m.path)
		if err != nil {
			return false
		}
		defer f.Close()
		if file, err = mapShared(f, e.size); err != nil {
			return false
		}
		defer unmap(file)
	}
	if string(file[:len(e.head)]) != string(e.head) {
		return false
	}
	far := len(e.head)
	for _, p := range e.far {
		from := far + int(p.offset)
		if m.held && p.at == unsafe.Pointer(&m.data[from]) && clean(p.at, p.size) {
			continue
		}
		if string(file[from:from+int(p.size)]) != string(p.bytes()) {
			return false
		}
	}
	return true
}
