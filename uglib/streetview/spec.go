package streetview

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview/kartaview"
	"urbangraph/uglib/streetview/mapillary"
	"urbangraph/uglib/streetview/render"
	"urbangraph/uglib/streetview/sidecar"
)

// AnchorReach is the default distance within which a view is anchored to a
// street. (The UGE reference takes 100 m.)
const AnchorReach geo.Metres = 50

// Spec says which set of views to make: drawn ones, those of a folder, or those
// of a street-view service. It is a [store.Spec] of kind "views" whose artefact
// holds views.parquet, report.json, skipped.json if something was left out and,
// but for a folder, images/*.jpg. Make one with [Render], [Folder], [Mapillary], [KartaView] or [MapillaryFile].
type Spec struct {
	City   city.Spec
	Origin Origin     // of the views
	Reach  geo.Metres // greatest distance from a view to its street

	// Of drawn views.
	Count         int     `json:",omitempty"` // how many; fewer come where the streets have no room for more
	Seed          uint64  `json:",omitempty"` // of places, headings, light and weather
	Width, Height int     `json:",omitempty"` // pixels
	FOV           float64 `json:",omitempty"` // horizontal field of view, degrees
	Quality       int     `json:",omitempty"` // of the JPEG files, 1 to 100

	// Of a service.
	Mapillary *mapillary.Query `json:",omitempty"`
	KartaView *kartaview.Query `json:",omitempty"`
	Metadata  string           `json:"-"` // file of metadata that were fetched before; Dir and Content are set then

	// Of a folder.
	Dir     string `json:"-"`          // where it lies; a folder with the same files is the same set
	Content string `json:",omitempty"` // SHA-256 over names, sizes and first 64 KiB of its image files, and over the sidecar

	Sidecar      string `json:"-"`          // table of places; "" if there is none; see WithSidecar
	SidecarFirst bool   `json:",omitempty"` // it goes before the EXIF blocks
	bare         string // Content without the sidecar

	// Of all.
	Near NearRule `json:",omitzero"` // what near duplicates are
}

// layoutVersion is raised when files or drawing change.
const layoutVersion = 5

// Render returns the spec of count views drawn from the geometry of a city:
// seed 1, 448 by 336 pixels, 90 degrees. See package render for what they show
// and [render.World.Stands] for where they stand.
func Render(c city.Spec, count int) Spec {
	return Spec{
		City: c, Origin: Rendered, Reach: AnchorReach, Count: count, Seed: 1,
		Width: render.DefaultWidth, Height: render.DefaultHeight, FOV: render.DefaultFOV, Quality: 88,
	}
}

// Folder returns the spec of the photographs in a folder and its sub-folders
// (JPEG, PNG and WebP files; hidden ones are left out). What their EXIF blocks
// lack is filled from a table at the top of the folder if [sidecar.Find] knows
// one by its name; see [Spec.WithSidecar] for another one.
//
// The error is one of a folder that cannot be read or holds no image file, or
// of two sidecars. Files without a position, outside of the city, unreadable or
// there twice do not become views; the set lists them. Where no file has a
// position, opening the set is an error.
func Folder(c city.Spec, dir string) (Spec, error) {
	s, err := bareFolder(c, dir)
	if err != nil {
		return Spec{}, err
	}
	table, err := sidecar.Find(s.Dir)
	if err != nil || table == "" {
		return s, err
	}
	return s.WithSidecar(table, false)
}

// WithSidecar returns the spec of a folder whose places are also in a table of
// the user's: CSV or GeoJSON, see package sidecar. Its values fill what the
// EXIF blocks lack, or, if first is true, go before them. An empty path stands
// for no table, also where the folder has one. The error is one of a table that
// cannot be read.
func (s Spec) WithSidecar(path string, first bool) (Spec, error) {
	if s.Origin != Photo {
		return Spec{}, fmt.Errorf("a sidecar goes with a photo folder, not with %s views", s.Origin)
	}
	if s.bare == "" { // read back from an artefact
		bare, err := bareFolder(s.City, s.Dir)
		if err != nil {
			return Spec{}, err
		}
		s.bare = bare.Content
	}
	s.Content, s.Sidecar, s.SidecarFirst = s.bare, "", false
	if path == "" {
		return s, nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return Spec{}, fmt.Errorf("sidecar %s: %w", path, err)
	}
	s.Sidecar = abs
	if _, err := sidecar.Read(s.Sidecar); err != nil {
		return Spec{}, err
	}
	data, err := os.ReadFile(s.Sidecar)
	if err != nil {
		return Spec{}, fmt.Errorf("sidecar cannot be read: %w", err)
	}
	sum := sha256.Sum256(append(data, s.bare...))
	s.Content, s.SidecarFirst = hex.EncodeToString(sum[:]), first
	return s, nil
}

// bareFolder is Folder without a sidecar.
func bareFolder(c city.Spec, dir string) (Spec, error) {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return Spec{}, fmt.Errorf("photo folder %s cannot be opened: %w; give the folder that holds the image files", dir, err)
	case !info.IsDir():
		return Spec{}, fmt.Errorf("photo folder %s is a file; give the folder that holds the image files", dir)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Spec{}, fmt.Errorf("photo folder %s: %w", dir, err)
	}
	files, err := imageFiles(abs)
	if err != nil {
		return Spec{}, err
	}
	if len(files) == 0 {
		return Spec{}, fmt.Errorf("photo folder %s holds no image file (.jpg, .jpeg, .png, .webp), in its sub-folders neither; give the folder that holds the photographs", dir)
	}
	sum, err := fingerprint(abs, files)
	if err != nil {
		return Spec{}, err
	}
	return Spec{City: c, Origin: Photo, Reach: AnchorReach, Dir: abs, Content: sum, bare: sum}, nil
}

// Kind implements [store.Spec].
func (Spec) Kind() string { return "views" }

// Schema implements [store.Spec].
func (Spec) Schema() int { return layoutVersion }

// Inputs implements [store.Spec]: the city.
func (s Spec) Inputs() []store.Spec { return []store.Spec{s.City} }

// Open returns the city and the set of views of a spec, made once and read
// from the store ever after.
func Open(ctx context.Context, s Spec) (*city.City, *Set, error) {
	a, err := store.Get(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	c, err := city.Open(ctx, s.City)
	if err != nil {
		return nil, nil, err
	}
	set, err := readSet(a.Dir)
	if err != nil {
		return nil, nil, err
	}
	if s.Content != "" {
		if set.Dir = s.Dir; set.Dir == "" { // a spec read back from its artefact does not know the folder
			set.Dir, _ = a.Manifest.Summary["folder"].(string)
		}
	} else {
		set.Dir = a.Path(imageDir)
	}
	for _, v := range set.Views {
		if int(v.Street) >= len(c.Nodes) {
			return nil, nil, fmt.Errorf("views in %s name street %d of a city of %d nodes; remove the artefact (ug rm %s) and open it again", a.Dir, v.Street, len(c.Nodes), a.Ref())
		}
	}
	return c, set, nil
}

// Build implements [store.Spec].
func (s Spec) Build(ctx context.Context, b *store.Build) error {
	if !(s.Reach > 0 && s.Reach <= 1000) {
		return fmt.Errorf("views cannot be anchored within %g m; try 50 (the UGE reference takes 100)", float64(s.Reach))
	}
	if err := s.Near.check(); err != nil {
		return err
	}
	src, err := s.source()
	if err != nil {
		return err
	}
	if err := src.check(); err != nil {
		return err
	}
	c, err := city.Open(ctx, s.City)
	if err != nil {
		return err
	}
	h, err := src.fetch(ctx, c, b)
	if err != nil {
		return err
	}
	b.Keep(journalFile)
	set, err := gather(ctx, c, h, s, b.Path(journalFile))
	if err != nil {
		return err
	}
	b.Summary("origin", s.Origin)
	b.Summary("views", len(set.Views))
	count := map[Reason]int{}
	for _, f := range set.Skipped {
		count[f.Reason]++
	}
	for r, n := range count {
		b.Summary("files "+string(r), n)
	}
	b.Summary("anchored", set.Report().Anchored)
	return writeSet(b.Dir, set)
}
