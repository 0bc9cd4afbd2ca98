package gofront

import (
	"os"
	"path/filepath"
)

// shadowRoot is what GoNB is told to be GOROOT: it looks for the JavaScript of WebAssembly programs in
// misc/wasm, where Go kept it before 1.24. For a newer Go it is a folder of links to all that GOROOT holds,
// with misc/wasm beside them; without such a folder it is GOROOT.
func (d *Daemon) shadowRoot() string {
	const script = "wasm_exec.js"
	if isFile(filepath.Join(d.Root, "misc", "wasm", script)) || !isFile(filepath.Join(d.Root, "lib", "wasm", script)) {
		return d.Root
	}
	shadow := filepath.Join(d.Cache, "goroot", digest(d.Root, d.Version))
	if isFile(filepath.Join(shadow, "misc", "wasm", script)) {
		return shadow
	}
	if err := d.makeShadow(shadow); err != nil {
		return d.Root
	}
	return shadow
}

// makeShadow makes the folder of links.
func (d *Daemon) makeShadow(shadow string) error {
	if err := os.MkdirAll(filepath.Dir(shadow), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(shadow), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := linkEntries(d.Root, work, "misc"); err != nil {
		return err
	}
	misc := filepath.Join(work, "misc")
	if err := os.Mkdir(misc, 0o755); err != nil {
		return err
	}
	if err := linkEntries(filepath.Join(d.Root, "misc"), misc, "wasm"); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Symlink(filepath.Join(d.Root, "lib", "wasm"), filepath.Join(misc, "wasm")); err != nil {
		return err
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	os.RemoveAll(shadow) // one of a Go that has moved since
	return os.Rename(work, shadow)
}

// linkEntries makes links in to for all entries of from but one.
func linkEntries(from, to, but string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != but {
			if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
