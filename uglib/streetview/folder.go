package streetview

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview/sidecar"

	"golang.org/x/sync/errgroup"
)

// headBytes is how much of a file counts for a folder's fingerprint: it holds
// the EXIF block of any JPEG file.
const headBytes = 64 << 10

// imageFiles lists the image files under dir, by their paths with slashes, in
// order.
func imageFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := e.Name(); path != dir && strings.HasPrefix(name, ".") {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".jpg", ".jpeg", ".png", ".webp":
			if e.IsDir() {
				return nil
			}
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			files = append(files, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("photo folder %s cannot be read: %w", dir, err)
	}
	slices.Sort(files)
	return files, nil
}

// fingerprint returns the SHA-256 over the names, sizes and first bytes of
// files.
func fingerprint(dir string, files []string) (string, error) {
	sums := make([][sha256.Size]byte, len(files))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range files {
		group.Go(func() error {
			h := sha256.New()
			if err := addFile(h, dir, f); err != nil {
				return fmt.Errorf("photo %s in %s cannot be read: %w; make it readable or move it away", f, dir, err)
			}
			h.Sum(sums[i][:0])
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	h := sha256.New()
	for i := range sums {
		h.Write(sums[i][:])
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func addFile(h io.Writer, dir, name string) error {
	file, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "%d:%s%d:", len(name), name, info.Size())
	_, err = io.CopyN(h, file, min(headBytes, info.Size()))
	return err
}

// folder is the source of the photographs in a folder of the user's.
type folder struct{ Spec }

func (f folder) check() error {
	if f.Dir == "" {
		return errors.New("the photo folder of these views is not known; make the spec with streetview.Folder(city, dir)")
	}
	return nil
}

func (f folder) fetch(_ context.Context, _ *city.City, b *store.Build) (*haul, error) {
	files, err := imageFiles(f.Dir)
	if err != nil {
		return nil, err
	}
	b.Summary("folder", f.Dir)
	h := &haul{dir: f.Dir, images: make([]found, len(files))}
	for i, name := range files {
		h.images[i] = found{file: name, origin: Photo}
	}
	if f.Sidecar == "" {
		return h, nil
	}
	table, err := sidecar.Read(f.Sidecar)
	if err != nil {
		return nil, err
	}
	b.Summary("sidecar", f.Sidecar)
	h.sidecar = join(f.Dir, h.images, table, f.SidecarFirst)
	return h, nil
}

// idOf returns the digits of a file name of 15 to 17 digits, as files from
// Mapillary and drawn views have, else 16 digits by the name's hash.
func idOf(name string) int64 {
	base := filepath.Base(name)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	if len(stem) >= 15 && len(stem) <= 17 && stem[0] != '0' {
		if id, err := strconv.ParseInt(stem, 10, 64); err == nil && id > 0 {
			return id
		}
	}
	h := fnv.New64a()
	io.WriteString(h, name)
	return sixteenDigits(h.Sum64())
}

func sixteenDigits(hash uint64) int64 { return int64(1e15 + hash%9e15) }

func nextID(id int64) int64 {
	var b bytes.Buffer
	binary.Write(&b, binary.BigEndian, id)
	h := fnv.New64a()
	h.Write(b.Bytes())
	return sixteenDigits(h.Sum64())
}
