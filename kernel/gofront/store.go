package gofront

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// maxBinaries limits the programs of cells that are kept, in bytes; the longest unused go first.
const maxBinaries = 512 << 20

// maxGraphs limits what is kept of packages, in bytes.
const maxGraphs = 64 << 20

// programSuffix ends the name of the program beside a link to the launcher, which looks for it there.
const programSuffix = ".bin"

// place makes out the program bin: with a launcher, out is a link to it and the program stands beside it.
func (d *Daemon) place(bin, out string) error {
	d.unplace(out)
	if d.Launcher == "" {
		return copyFile(bin, out)
	}
	if err := os.Symlink(bin, out+programSuffix); err != nil {
		return err
	}
	return os.Symlink(d.Launcher, out)
}

// unplace removes what [Daemon.place] has made.
func (d *Daemon) unplace(out string) {
	os.Remove(out + programSuffix)
	os.Remove(out)
}

// copyFile makes to the file from, as a second name of it where that can be.
func copyFile(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		return err
	}
	return dst.Close()
}

// digest is a hash over strings, in hexadecimal digits.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d\n%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// isFile reports whether path is there and no folder.
func isFile(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular()
}

// touch sets the time of a file to now, which [prune] reads as its last use.
func touch(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

// prune removes the longest unused files of a folder until the rest takes at most limit bytes. The file
// keep stays.
func prune(dir string, limit int64, keep string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	var files []os.FileInfo
	var total int64
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && fi.Mode().IsRegular() {
			files = append(files, fi)
			total += fi.Size()
		}
	}
	slices.SortFunc(files, func(x, y os.FileInfo) int {
		return cmp.Or(x.ModTime().Compare(y.ModTime()), cmp.Compare(x.Name(), y.Name()))
	})
	for _, fi := range files {
		if total <= limit {
			return
		}
		if path := filepath.Join(dir, fi.Name()); path != keep && os.Remove(path) == nil {
			total -= fi.Size()
		}
	}
}
