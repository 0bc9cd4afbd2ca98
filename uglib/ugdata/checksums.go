package ugdata

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sumsFile holds the checksums of a folder's files as sha256sum writes them.
const sumsFile = "SHA256SUMS"

// fileSum is a file of a folder with its checksum.
type fileSum struct {
	Name   string // relative to the folder, with slashes
	Size   int64  // bytes
	SHA256 string // hexadecimal
}

// checksums reads every file of a folder but its card and its checksums, in the
// order of their names; files that begin with a dot are left out, since they
// belong to a write under way.
func checksums(dir string) ([]fileSum, error) {
	files := []fileSum{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case name != "." && strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir(), name == cardFile, name == sumsFile:
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		hash := sha256.New()
		size, err := io.Copy(hash, f)
		if err != nil {
			return err
		}
		files = append(files, fileSum{name, size, hex.EncodeToString(hash.Sum(nil))})
		return nil
	})
	return files, err
}

// sumsText is what sha256sum prints for the files.
func sumsText(files []fileSum) []byte {
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", f.SHA256, f.Name)
	}
	return b.Bytes()
}

func sumOf(name string, content []byte) fileSum {
	sum := sha256.Sum256(content)
	return fileSum{name, int64(len(content)), hex.EncodeToString(sum[:])}
}

func writeBytes(path string, content []byte) error {
	return writeFile(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
