//go:build !unix

package keep

import "os"

func mapPrivate(f *os.File, size int64) ([]byte, error) { return mapShared(f, size) }

// mapShared reads a file, where it cannot be mapped.
func mapShared(f *os.File, size int64) ([]byte, error) {
	data := make([]byte, size)
	_, err := f.ReadAt(data, 0)
	return data, err
}

func unmap([]byte) {}
