package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Fingerprint hashes the files of a model folder that decide its vectors:
// configuration, tokenizer, and weights, adapters among them. It reads all of
// them.
func Fingerprint(dir string) (string, error) {
	var names []string
	// A hub's snapshot consists of links to files elsewhere.
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != dir && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(path); ext == ".json" || ext == ".safetensors" {
			names = append(names, path)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("fingerprint of %s: %w", dir, err)
	}
	slices.Sort(names)
	all := sha256.New()
	for _, path := range names {
		one := sha256.New()
		if err := copyFile(one, path); err != nil {
			return "", fmt.Errorf("fingerprint of %s: %w", dir, err)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return "", fmt.Errorf("fingerprint of %s: %w", dir, err)
		}
		part(all, []byte(filepath.ToSlash(name)))
		part(all, one.Sum(nil))
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

func copyFile(w io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(w, file)
	return err
}
