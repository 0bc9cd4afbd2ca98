package kernelspec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrForeign is returned when a folder belongs to another kernel.
var ErrForeign = errors.New("another kernel has this name")

// ErrNotInstalled is returned when there is no kernel to remove.
var ErrNotInstalled = errors.New("no such kernel")

// Dir is the folder of the kernel called name in a Jupyter data folder.
func Dir(dataDir, name string) string { return filepath.Join(dataDir, "kernels", name) }

// owned are the files of a kernelspec, in the order in which they are written: kernel.json is the last,
// as Jupyter takes a folder without it for none of a kernel.
var owned = []string{"logo-32x32.png", "logo-64x64.png", "logo-svg.svg", specFile}

// Install writes the kernelspec into dir, which is made where needed. Each file is replaced as a whole, so
// that a client sees the old one or the new one. A kernelspec of another kernel is kept, and the error
// wraps [ErrForeign], unless force is set.
func Install(dir string, s Spec, force bool) error {
	if err := Claim(dir); err != nil && !force {
		return err
	}
	files, err := s.Files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return cannotWrite(err)
	}
	for _, name := range owned {
		if err := writeFile(filepath.Join(dir, name), files[name]); err != nil {
			return cannotWrite(err)
		}
	}
	return nil
}

// Present reports whether all files of a kernelspec are in dir.
func Present(dir string) bool {
	for _, name := range owned {
		if fi, err := os.Stat(filepath.Join(dir, name)); err != nil || fi.IsDir() {
			return false
		}
	}
	return true
}

// Uninstall removes from dir the files that Install writes, and dir itself when nothing else is in it;
// otherwise it returns the names of what it left. Without a kernelspec in dir the error wraps
// [ErrNotInstalled], and with one of another kernel [ErrForeign], unless force is set.
func Uninstall(dir string, force bool) (left []string, err error) {
	if _, err := os.Stat(filepath.Join(dir, specFile)); err != nil {
		if errors.Is(err, fs.ErrNotExist) || isNotDir(err) {
			return nil, fmt.Errorf("%w in %s", ErrNotInstalled, dir)
		}
		return nil, err
	}
	if err := Claim(dir); err != nil && !force {
		return nil, err
	}
	// kernel.json goes first: half removed, the folder is none of a kernel.
	for i := len(owned) - 1; i >= 0; i-- {
		if err := os.Remove(filepath.Join(dir, owned[i])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, cannotWrite(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if len(left) > 0 {
		return left, nil
	}
	if err := os.Remove(dir); err != nil {
		return nil, cannotWrite(err)
	}
	return nil, nil
}

// Claim returns an error that wraps [ErrForeign] when the kernelspec in dir is of another kernel, and another
// one when dir is no folder.
func Claim(dir string) error {
	s, err := Read(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case isNotDir(err):
		return fmt.Errorf("%s is a file, not a folder: move it away, or choose another name by --name", dir)
	case err != nil:
		return fmt.Errorf("%w: %w; choose another one by --name, or take this one by --force", ErrForeign, err)
	case !s.Own():
		return fmt.Errorf("%w: %s starts %q; choose another one by --name, or take this one by --force", ErrForeign, filepath.Join(dir, specFile), s.Argv)
	}
	return nil
}

// Files are the contents of all files that Install writes, by name.
func (s Spec) Files() (map[string][]byte, error) {
	text, err := s.Text()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{specFile: text, "logo-svg.svg": []byte(logoSVG())}
	for _, size := range []int{32, 64} {
		data, err := logoPNG(size)
		if err != nil {
			return nil, err
		}
		files[fmt.Sprintf("logo-%dx%d.png", size, size)] = data
	}
	return files, nil
}

// writeFile replaces a file as a whole.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// cannotWrite adds the cure to a failure to write.
func cannotWrite(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: install for yourself (--user), into the active Python environment (--sys-prefix), or as the user that owns the folder", err)
	}
	return err
}
