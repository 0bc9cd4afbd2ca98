package shards

import (
	"archive/tar"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/google/renameio/v2"
)

// Limits bound a shard. The zero value of a field means its default.
type Limits struct {
	Bytes   int64 // of the archive; default 256 MiB; one sample may be larger
	Samples int   // default 10,000
}

// File is a file of a sample.
type File struct {
	Extension string // such as "jpg", without a dot before it
	Content   []byte
}

// Writer writes the shards of one split of a dataset.
type Writer struct {
	dir, prefix string
	limits      Limits
	names       []string
	file        *renameio.PendingFile
	tar         *tar.Writer
	bytes       int64
	samples     int
	last        string
	err         error
}

// NewWriter starts shards that are called prefix-000000.tar and so on, in a
// folder that it makes.
func NewWriter(dir, prefix string, l Limits) (*Writer, error) {
	if l.Bytes == 0 {
		l.Bytes = 256 << 20
	}
	if l.Samples == 0 {
		l.Samples = 10000
	}
	if l.Bytes < 0 || l.Samples < 0 {
		return nil, fmt.Errorf("shards: a limit of %d bytes and %d samples", l.Bytes, l.Samples)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("shards: %w", err)
	}
	return &Writer{dir: dir, prefix: prefix, limits: l}, nil
}

var (
	keyForm       = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)
	extensionForm = regexp.MustCompile(`^[0-9a-z]+(\.[0-9a-z]+)*$`)
)

// Add appends a sample; key names it, in letters, digits, hyphens and
// underscores, since a reader takes what stands before the first dot for it. The
// key before it must be another.
func (w *Writer) Add(key string, files ...File) error {
	if w.err != nil {
		return w.err
	}
	switch {
	case !keyForm.MatchString(key):
		return fmt.Errorf("shards: key %q is not of letters, digits, hyphens and underscores", key)
	case key == w.last:
		return fmt.Errorf("shards: key %q comes twice", key)
	}
	size := int64(0)
	for _, f := range files {
		if !extensionForm.MatchString(f.Extension) {
			return fmt.Errorf("shards: sample %s: extension %q is not of small letters and digits", key, f.Extension)
		}
		size += 512 + (int64(len(f.Content))+511)/512*512 // a header and whole blocks
	}
	const end = 1024 // two empty blocks
	if w.tar != nil && (w.bytes+size+end > w.limits.Bytes || w.samples == w.limits.Samples) {
		w.err = w.finish()
	}
	if w.tar == nil && w.err == nil {
		w.err = w.start()
	}
	for _, f := range files {
		if w.err != nil {
			return w.err
		}
		w.err = w.tar.WriteHeader(&tar.Header{
			Name: key + "." + f.Extension, Mode: 0o644, Size: int64(len(f.Content)), ModTime: time.Unix(0, 0), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR,
		})
		if w.err == nil {
			_, w.err = w.tar.Write(f.Content)
		}
	}
	w.bytes += size
	w.samples++
	w.last = key
	if w.err != nil {
		w.err = fmt.Errorf("shards: sample %s: %w", key, w.err)
	}
	return w.err
}

func (w *Writer) start() error {
	name := fmt.Sprintf("%s-%06d.tar", w.prefix, len(w.names))
	f, err := renameio.NewPendingFile(filepath.Join(w.dir, name), renameio.WithTempDir(w.dir), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("shards: %w", err)
	}
	w.names = append(w.names, name)
	w.file, w.tar, w.bytes, w.samples = f, tar.NewWriter(f), 0, 0
	return nil
}

func (w *Writer) finish() error {
	err := w.tar.Close()
	if err == nil {
		err = w.file.CloseAtomicallyReplace()
	} else {
		err = errors.Join(err, w.file.Cleanup())
	}
	w.file, w.tar = nil, nil
	if err != nil {
		return fmt.Errorf("shards: %w", err)
	}
	return nil
}

// Close ends the last shard and returns the names of all. After an error the
// shard under way is removed, those before it stay.
func (w *Writer) Close() ([]string, error) {
	if w.tar != nil && w.err != nil {
		return w.names[:len(w.names)-1], errors.Join(w.err, w.file.Cleanup())
	}
	if w.tar != nil {
		w.err = w.finish()
	}
	return w.names, w.err
}
