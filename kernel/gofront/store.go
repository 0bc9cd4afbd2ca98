package gofront

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

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
