package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// finder finds files that rows name by paths of another machine.
type finder struct {
	roots  []string
	byName map[string][]string // paths by the name of the file
}

func (f *finder) add(file string) {
	if f.byName == nil {
		f.byName = map[string][]string{}
	}
	name := filepath.Base(file)
	f.byName[name] = append(f.byName[name], file)
}

// find returns where the file lies that a row names: at that path in one of the
// roots, else at the one file of that name, of several the one whose folders
// agree with the path best. Paths that lead out of the roots are not followed.
func (f *finder) find(name string) (string, error) {
	if name == "" {
		return "", errors.New("the row names no file")
	}
	clean := strings.TrimLeft(path.Clean(strings.ReplaceAll(name, `\`, "/")), "/")
	if local := filepath.FromSlash(clean); filepath.IsLocal(local) {
		for _, root := range f.roots {
			at := filepath.Join(root, local)
			if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
				return at, nil
			}
		}
	}
	all := f.byName[path.Base(clean)]
	best, bestLength, twice := "", -1, false
	for _, at := range all {
		n := commonEnd(filepath.ToSlash(at), clean)
		switch {
		case n > bestLength:
			best, bestLength, twice = at, n, false
		case n == bestLength:
			twice = true
		}
	}
	switch {
	case best == "":
		return "", fmt.Errorf("%s is not found in %s", name, strings.Join(f.roots, ", "))
	case twice:
		return "", fmt.Errorf("%s may be %s or another file of that name; keep one of them", name, best)
	}
	return best, nil
}

// commonEnd counts the parts that two paths have in common at their ends.
func commonEnd(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < len(x) && n < len(y) && x[len(x)-1-n] == y[len(y)-1-n] {
		n++
	}
	return n
}

// fileSum returns the SHA-256 of a file in hexadecimal.
func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
