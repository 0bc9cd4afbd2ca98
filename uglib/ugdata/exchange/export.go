package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/ugdata"
)

// Format is a way to write a dataset.
type Format string

// The formats; see the package.
const (
	Reference  Format = "reference"
	Parquet    Format = "parquet"
	GraphML    Format = "graphml"
	PyG        Format = "pyg"
	WebDataset Format = "webdataset"
	SCC        Format = "scc"
)

// Formats lists all formats.
var Formats = []Format{Reference, Parquet, GraphML, PyG, WebDataset, SCC}

// ParseFormats reads names of formats, each perhaps several with commas between
// them; "all" is every one.
func ParseFormats(names ...string) ([]Format, error) {
	var out []Format
	for _, list := range names {
		for name := range strings.SplitSeq(list, ",") {
			name = strings.TrimSpace(name)
			if name == "all" {
				return slices.Clone(Formats), nil
			}
			f := Format(name)
			if !slices.Contains(Formats, f) {
				return nil, fmt.Errorf("no format is called %q; there are reference, parquet, graphml, pyg, webdataset, scc and all", name)
			}
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// Options say how [Export] writes.
type Options struct {
	Formats []Format // default Reference
	// Images copies the images into images/, by their ids, so that the folder
	// stands alone; else rows name them where they lie. WebDataset shards hold
	// them in any case.
	Images     bool
	ShardBytes int64 // of a WebDataset shard, at most, unless one sample is larger; default 256 MiB
	About      ugdata.About
}

// Export writes a dataset into a folder, which it makes, with its card and
// checksums. The cities of the dataset must be open. The same dataset with the
// same options makes the same bytes. Files that a format does not write stay as
// they are.
func Export(ctx context.Context, dir string, d *ugdata.Dataset, o Options) error {
	formats := o.Formats
	if len(formats) == 0 {
		formats = []Format{Reference}
	}
	for i := range d.Places {
		if p := &d.Places[i]; d.Cities[p.City] == nil {
			return fmt.Errorf("export: the city %s of place %d is not open", p.City, p.ID)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	source := d // with the images where they lie
	if o.Images {
		copied, err := copyImages(ctx, dir, d)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		d = copied
	}
	for _, f := range formats {
		var err error
		switch f {
		case Reference:
			err = ugdata.Export(ctx, dir, d)
		case Parquet:
			err = ugdata.WriteFolder(dir, d)
		case GraphML:
			err = writeGraphML(ctx, filepath.Join(dir, "graphml"), d)
		case PyG:
			err = writePyG(ctx, filepath.Join(dir, "pyg"), d)
		case WebDataset:
			err = writeShards(ctx, filepath.Join(dir, "webdataset"), source, o.ShardBytes)
		case SCC:
			err = writeCaptions(ctx, filepath.Join(dir, "scc"), d)
		default:
			err = fmt.Errorf("no format is called %q", f)
		}
		if err != nil {
			return fmt.Errorf("export %s: %w", f, err)
		}
	}
	return ugdata.WriteCard(dir, d, o.About)
}

// copyImages copies the images into images/ and returns the dataset with their
// paths there. An image that the folder holds already is not copied again.
func copyImages(ctx context.Context, dir string, d *ugdata.Dataset) (*ugdata.Dataset, error) {
	if err := os.MkdirAll(filepath.Join(dir, "images"), 0o755); err != nil {
		return nil, err
	}
	task := progress.Start(ctx, "copy images", len(d.Places))
	defer task.Done()
	out := *d
	out.Places = slices.Clone(d.Places)
	for i := range out.Places {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &out.Places[i]
		name := "images/" + strconv.FormatInt(p.ID, 10) + extension(p.Image)
		if err := copyFile(p.Image, filepath.Join(dir, filepath.FromSlash(name)), p.ImageSHA256); err != nil {
			return nil, fmt.Errorf("image of place %d: %w", p.ID, err)
		}
		p.Image = name
		task.Add(1)
	}
	return &out, nil
}

// extension is that of an image file, in small letters with its dot.
func extension(path string) string {
	switch e := strings.ToLower(filepath.Ext(path)); e {
	case ".jpeg":
		return ".jpg"
	case "":
		return ".jpg"
	default:
		return e
	}
}

// copyFile copies a file, whose checksum must be sum unless that is empty.
func copyFile(from, to, sum string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Stat(to); err == nil && os.SameFile(info, there) {
		return nil
	}
	f, err := renameio.NewPendingFile(to, renameio.WithTempDir(filepath.Dir(to)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, hash), in); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); sum != "" && got != sum {
		return fmt.Errorf("%s is another file than when the dataset was made: its SHA-256 is %s, not %s", from, got, sum)
	}
	return f.CloseAtomicallyReplace()
}

// writeFile writes a file whole or not at all; its folder is made.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Cleanup()) }()
	if err := write(f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.CloseAtomicallyReplace()
}
