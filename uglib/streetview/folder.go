package streetview

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/streetview/exif"
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

func fingerprint(dir string, files []string) (string, error) {
	h := sha256.New()
	for _, f := range files {
		if err := addFile(h, dir, f); err != nil {
			return "", fmt.Errorf("photo %s in %s cannot be read: %w; make it readable or move it away", f, dir, err)
		}
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

// ReadFolder reads the views among the image files of a folder and anchors
// them to the streets of a city within reach. It is an error if no file has a
// position, or if all positions lie outside of the city's bound.
func ReadFolder(ctx context.Context, c *city.City, dir string, reach geo.Metres) (*Set, error) {
	files, err := imageFiles(dir)
	if err != nil {
		return nil, err
	}
	task := progress.Start(ctx, "read street views", len(files))
	defer task.Done()
	views, skips := make([]View, len(files)), make([]Skipped, len(files))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range files {
		group.Go(func() error {
			if err := gctx.Err(); err != nil {
				return err
			}
			views[i], skips[i] = readView(c, dir, f)
			if skips[i].File == "" {
				Anchor(c, &views[i], reach)
			}
			task.Add(1)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	set := &Set{Dir: dir}
	count := map[Reason]int{}
	ids := map[int64]bool{}
	for i := range files {
		if s := skips[i]; s.File != "" {
			set.Skipped = append(set.Skipped, s)
			count[s.Reason]++
			continue
		}
		v := views[i]
		for ids[v.ID] { // two files with the same name in two sub-folders
			v.ID = nextID(v.ID)
		}
		ids[v.ID] = true
		set.Views = append(set.Views, v)
	}
	if len(set.Views) == 0 {
		return nil, noViews(c, dir, len(files), count, set.Skipped)
	}
	return set, nil
}

func noViews(c *city.City, dir string, files int, count map[Reason]int, skipped []Skipped) error {
	switch {
	case files == 0:
		return fmt.Errorf("photo folder %s holds no image file (.jpg, .jpeg, .png, .webp)", dir)
	case count[Outside] > 0:
		return fmt.Errorf("photo folder %s: of %d image files %d have a position, none of them in %s (%.3f,%.3f to %.3f,%.3f); open the folder with the city that it shows",
			dir, files, count[Outside], c.Title, c.Bound.Min[0], c.Bound.Min[1], c.Bound.Max[0], c.Bound.Max[1])
	}
	first := skipped[0]
	return fmt.Errorf("photo folder %s: none of %d image files has an EXIF position (%s: %s); give photographs with GPSLatitude and GPSLongitude, "+
		"or write them with a geotagging tool (exiftool -geotag track.gpx)", dir, files, first.File, cmp.Or(first.Detail, string(first.Reason)))
}

// readView reads the view of a file; the second result names the file if it is
// none.
func readView(c *city.City, dir, name string) (View, Skipped) {
	meta, err := readMeta(filepath.Join(dir, filepath.FromSlash(name)))
	switch {
	case errors.Is(err, exif.ErrNone) || err == nil && !meta.HasPos:
		return View{}, Skipped{name, NoPosition, ""}
	case err != nil:
		return View{}, Skipped{name, Unreadable, err.Error()}
	case !c.Bound.Contains(meta.Pos):
		return View{}, Skipped{name, Outside, fmt.Sprintf("%.5f,%.5f", meta.Pos[0], meta.Pos[1])}
	}
	v := View{
		ID: idOf(name), File: name, Origin: Photo,
		Pos: meta.Pos, Heading: meta.Heading, HasHeading: meta.HasHeading, Taken: meta.Taken,
		Street: city.None,
	}
	if strings.HasPrefix(meta.Software, software) {
		v.Origin = Rendered
	}
	return v, Skipped{}
}

// readMeta reads the EXIF block of a file that is an image.
func readMeta(path string) (exif.Meta, error) {
	f, err := os.Open(path)
	if err != nil {
		return exif.Meta{}, err
	}
	defer f.Close()
	if _, _, err := image.DecodeConfig(f); err != nil {
		return exif.Meta{}, fmt.Errorf("no image that can be decoded: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return exif.Meta{}, err
	}
	return exif.Read(f)
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
