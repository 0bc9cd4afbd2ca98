package streetview

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview/exif"
	"urbangraph/uglib/streetview/render"
)

const (
	imageDir    = "images"
	software    = "urbangraph"
	description = "Rendered by urbangraph from OpenStreetMap data (c) OpenStreetMap contributors, ODbL; not a photograph"
	copyright   = "(c) OpenStreetMap contributors, ODbL"
)

// drawn is the source of views that are drawn from the city's geometry.
type drawn struct{ Spec }

func (d drawn) check() error {
	switch {
	case d.Count < 1 || d.Count > 1e6:
		return fmt.Errorf("%d views cannot be drawn; ask for 1 to 1000000", d.Count)
	case d.Quality < 1 || d.Quality > 100:
		return fmt.Errorf("JPEG quality %d does not exist; try 88", d.Quality)
	}
	return nil
}

func (d drawn) fetch(ctx context.Context, c *city.City, b *store.Build) (*haul, error) {
	dir := b.Path(imageDir)
	if err := d.draw(ctx, c, dir); err != nil {
		return nil, err
	}
	files, err := imageFiles(dir)
	if err != nil {
		return nil, err
	}
	h := &haul{dir: dir, images: make([]found, len(files))}
	for i, name := range files {
		h.images[i] = found{file: name, origin: Rendered}
	}
	return h, nil
}

// draw renders the views into dir, each under its id.
func (s Spec) draw(ctx context.Context, c *city.City, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	world := render.New(c)
	stands := world.Stands(c.Bound, s.Count, s.Seed)
	if len(stands) == 0 {
		return fmt.Errorf("%s has no street for cars within its bound, so no view of it can be drawn; try a larger bounding box", c.Title)
	}
	shots := s.shots(c.Name, stands)
	task := progress.Start(ctx, "render street views", len(shots))
	defer task.Done()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, shot := range shots {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			data, err := s.shoot(world, shot)
			if err != nil {
				return err
			}
			task.Add(1)
			return os.WriteFile(filepath.Join(dir, strconv.FormatInt(shot.id, 10)+".jpg"), data, 0o644)
		})
	}
	return group.Wait()
}

// shot is a view to be drawn.
type shot struct {
	render.Stand
	id    int64
	seed  uint64
	taken time.Time
}

// shots gives each stand an id and a time, by city, seed and number.
func (s Spec) shots(name string, stands []render.Stand) []shot {
	shots := make([]shot, len(stands))
	taken := map[int64]bool{}
	for i, st := range stands {
		h := fnv.New64a()
		io.WriteString(h, name)
		binary.Write(h, binary.BigEndian, [2]uint64{s.Seed, uint64(i)})
		sum := h.Sum64()
		id := sixteenDigits(sum)
		for taken[id] {
			id = nextID(id)
		}
		taken[id] = true
		// A day from March to October 2025, a minute from 8 to 19 o'clock, local time.
		day, minute := int(sum>>8%240), int(sum>>24%(11*60))
		shots[i] = shot{st, id, sum, time.Date(2025, 3, 1+day, 8, minute, int(sum>>40%60), 0, time.UTC)}
	}
	return shots
}

// shoot draws a view and returns its JPEG file.
func (s Spec) shoot(world *render.World, shot shot) ([]byte, error) {
	cam := render.Camera{Pos: shot.Pos, Heading: shot.Heading, FOV: s.FOV, Width: s.Width, Height: s.Height}
	img, err := world.View(cam, render.ConditionsAt(shot.seed, shot.taken), shot.seed)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: s.Quality}); err != nil {
		return nil, fmt.Errorf("view %d: %w", shot.id, err)
	}
	return exif.Insert(buf.Bytes(), exif.Meta{
		Pos: geo.Unwrap(shot.Pos, 0), HasPos: true, Heading: shot.Heading, HasHeading: true, Taken: shot.taken, Orientation: 1,
		Description: description, Software: software, Copyright: copyright,
	})
}
