package streetview

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview/kartaview"
	"urbangraph/uglib/streetview/mapillary"
)

// Mapillary returns the spec of the photographs of a city that Mapillary has.
// Its artefact holds images/*.jpg and, beside the views, photos.jsonl: all that
// Mapillary says of each (see [mapillary.Photo]). The access token is in the
// environment, see package mapillary, or in the context that [Open] is called
// with. What Mapillary has changes from day to day; the artefact stays as it
// was fetched until it is removed. A build that was interrupted goes on.
func Mapillary(c city.Spec, q mapillary.Query) Spec {
	return Spec{City: c, Origin: FromMapillary, Reach: AnchorReach, Mapillary: &q}
}

// KartaView returns the spec of the photographs of a city that KartaView has,
// as [Mapillary] does.
func KartaView(c city.Spec, q kartaview.Query) Spec {
	return Spec{City: c, Origin: FromKartaView, Reach: AnchorReach, KartaView: &q}
}

// MapillaryFile returns the spec of photographs of Mapillary that were fetched
// before: rows of metadata as [mapillary.ReadMetadata] reads them
// (mapillary_results_cleaned.jsonl of the UGE reference, or photos.jsonl), and
// the folder of their files, each named by its id; with an empty folder that
// is "images" beside the metadata. No network is used. The error is one of
// files that cannot be read. The query chooses among the photographs; its
// size, sequences and organization do not count.
func MapillaryFile(c city.Spec, file, images string, q mapillary.Query) (Spec, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return Spec{}, fmt.Errorf("metadata %s: %w", file, err)
	}
	if _, _, err := mapillary.ReadMetadata(abs); err != nil {
		return Spec{}, err
	}
	dir, err := filepath.Abs(cmp.Or(images, filepath.Join(filepath.Dir(abs), imageDir)))
	if err != nil {
		return Spec{}, fmt.Errorf("photo folder %s: %w", images, err)
	}
	s, err := bareFolder(c, dir)
	if err != nil {
		return Spec{}, err
	}
	h := sha256.New()
	f, err := os.Open(abs)
	if err != nil {
		return Spec{}, err
	}
	defer f.Close()
	if _, err := io.Copy(h, f); err != nil {
		return Spec{}, fmt.Errorf("metadata %s cannot be read: %w", file, err)
	}
	io.WriteString(h, s.Content)
	s.Origin, s.Mapillary, s.Metadata, s.Content = FromMapillary, &q, abs, hex.EncodeToString(h.Sum(nil))
	return s, nil
}

// online is the source of a street-view service.
type online struct {
	valid    func() error
	collect  func(ctx context.Context, c *city.City, area orb.Bound, b *store.Build) (*mapillary.Result, error)
	origin   Origin
	original bool // position and heading as the camera said
}

func (o online) check() error { return o.valid() }

func (s Spec) fetchMapillary(ctx context.Context, c *city.City, area orb.Bound, b *store.Build) (*mapillary.Result, error) {
	return mapillary.Collect(ctx, *s.Mapillary, area, c.Name, b.Dir, b.Keep)
}

func (s Spec) fetchKartaView(ctx context.Context, c *city.City, area orb.Bound, b *store.Build) (*mapillary.Result, error) {
	return kartaview.Collect(ctx, *s.KartaView, area, c.Name, b.Dir, b.Keep)
}

// fetch implements source.
func (o online) fetch(ctx context.Context, c *city.City, b *store.Build) (*haul, error) {
	r, err := o.collect(ctx, c, c.Bound, b)
	if err != nil {
		return nil, err
	}
	h := &haul{dir: b.Path(imageDir), images: foundPhotos(r.Photos, o.origin, o.original)}
	for _, m := range r.Missing {
		h.skipped = append(h.skipped, Skipped{strconv.FormatInt(m.ID, 10), NotFetched, m.Reason})
	}
	for _, f := range r.Failed {
		h.skipped = append(h.skipped, Skipped{f.Box, NotSearched, f.Reason})
	}
	for _, box := range r.Full {
		h.skipped = append(h.skipped, Skipped{box, NotSearched, "it holds more photographs than the service tells of, and is too small to be split"})
	}
	b.Summary("retrieved", time.Now().UTC().Format(time.RFC3339))
	b.Summary("licence", mapillary.Licence)
	b.Summary("credit", fmt.Sprintf("%d contributors to %s, %s", creators(r.Photos), map[Origin]string{FromMapillary: "Mapillary", FromKartaView: "KartaView"}[o.origin], mapillary.Licence))
	b.Summary("photographs found", r.Found)
	b.Summary("photographs thinned out", r.Thinned)
	for why, n := range r.Left {
		b.Summary("photographs left out: "+why, n)
	}
	b.Summary("requests", r.Requests)
	b.Summary("boxes split", r.Splits)
	return h, nil
}

// foundPhotos lists the image files of photographs.
func foundPhotos(photos []mapillary.Photo, origin Origin, original bool) []found {
	images := make([]found, len(photos))
	for i := range photos {
		p := &photos[i]
		f := found{file: p.File, id: p.ID(), origin: origin, first: true, credit: p.Attribution, sequence: p.Sequence}
		f.facts.pos, f.facts.hasPos = p.Pos(original)
		f.facts.heading, f.facts.hasHeading = p.Heading(original)
		f.facts.taken = p.Taken()
		images[i] = f
	}
	return images
}

// creators counts those who took the photographs.
func creators(photos []mapillary.Photo) int {
	names := map[string]bool{}
	for i := range photos {
		names[photos[i].Creator] = true
	}
	delete(names, "")
	return len(names)
}

// metadata is the source of photographs that were fetched before.
type metadata struct{ Spec }

func (m metadata) check() error { return m.Mapillary.Check() }

// fetch implements source.
func (m metadata) fetch(_ context.Context, c *city.City, b *store.Build) (*haul, error) {
	if m.Metadata == "" || m.Dir == "" {
		return nil, fmt.Errorf("the metadata file of these views is not known; make the spec with streetview.MapillaryFile(city, file, images, query)")
	}
	photos, bad, err := mapillary.ReadMetadata(m.Metadata)
	if err != nil {
		return nil, err
	}
	files, err := imageFiles(m.Dir)
	if err != nil {
		return nil, err
	}
	byID := map[int64]string{}
	for _, f := range files {
		if id := idOf(f); byID[id] == "" {
			byID[id] = f
		}
	}
	area, err := m.Mapillary.Within(c.Bound)
	if err != nil {
		return nil, err
	}
	h := &haul{dir: m.Dir}
	for _, r := range bad {
		h.skipped = append(h.skipped, Skipped{fmt.Sprintf("line %d", r.Line), BadMetadata, r.Reason})
	}
	here := photos[:0]
	for _, p := range photos {
		name := strconv.FormatInt(p.ID(), 10)
		if p.File = byID[p.ID()]; p.File == "" {
			p.File = byID[idOf(name+".jpg")] // ids of fewer digits than file names are told by
		}
		if p.File == "" {
			h.skipped = append(h.skipped, Skipped{name, NoFile, ""})
			continue
		}
		here = append(here, p)
	}
	chosen, left := m.Mapillary.Choose(here, area)
	if len(chosen) == 0 {
		return nil, noPhotos(m.Spec, c, len(here), len(h.skipped), left)
	}
	h.images = foundPhotos(chosen, FromMapillary, m.Mapillary.Original)
	b.Summary("folder", m.Dir)
	b.Summary("metadata", m.Metadata)
	b.Summary("licence", mapillary.Licence)
	b.Summary("credit", fmt.Sprintf("contributors to Mapillary, %s", mapillary.Licence))
	for why, n := range left {
		b.Summary("photographs left out: "+why, n)
	}
	return h, nil
}

func noPhotos(s Spec, c *city.City, here, skipped int, left map[string]int) error {
	if here == 0 {
		return fmt.Errorf("metadata %s: the files of none of its photographs are in %s (%d rows skipped); give the folder of the image files, each named by its id", s.Metadata, s.Dir, skipped)
	}
	why := ""
	for _, r := range slices.Sorted(maps.Keys(left)) {
		why += fmt.Sprintf(", %d %s", left[r], r)
	}
	return fmt.Errorf("metadata %s: of %d photographs none is taken in %s%s; open it with the city that it shows, or ask for less", s.Metadata, here, c.Title, why)
}
