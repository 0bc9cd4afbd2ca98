package ugdata

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/planar"
	"github.com/tidwall/rtree"
)

// SplitArea is a part of the map whose places have a split of their own.
type SplitArea struct {
	Split Split            // train, val, test, or buffer for places to leave out
	Shape orb.MultiPolygon // longitude, latitude in degrees
}

// splitProperty is the property of a GeoJSON feature that names its split.
const splitProperty = "split"

// largestSplitFile bounds a file of areas.
const largestSplitFile = 64 << 20

// ReadSplitAreas reads areas with splits from GeoJSON (RFC 7946): a feature
// collection of polygons and multipolygons, each with the property "split".
// An area over the antimeridian is cut there, as the RFC says. An error names
// the file and the feature, counted from 0.
func ReadSplitAreas(path string) ([]SplitArea, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ugdata: areas of splits: %w", err)
	}
	defer f.Close()
	areas, err := ParseSplitAreas(f)
	if err != nil {
		return nil, fmt.Errorf("ugdata: areas of splits: %s: %w", path, err)
	}
	return areas, nil
}

// ParseSplitAreas is [ReadSplitAreas] of what a reader holds.
func ParseSplitAreas(r io.Reader) ([]SplitArea, error) {
	data, err := io.ReadAll(io.LimitReader(r, largestSplitFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > largestSplitFile:
		return nil, fmt.Errorf("more than %d MB of GeoJSON; simplify the polygons", largestSplitFile>>20)
	}
	all := geojson.NewFeatureCollection()
	if err := json.Unmarshal(data, all); err != nil {
		return nil, fmt.Errorf("no feature collection in GeoJSON: %w", err)
	}
	if len(all.Features) == 0 {
		return nil, errors.New("the feature collection has no features; give polygons with the property \"split\"")
	}
	var areas []SplitArea
	for i, f := range all.Features {
		if f == nil {
			return nil, fmt.Errorf("feature %d is null", i)
		}
		name, ok := f.Properties[splitProperty].(string)
		if !ok {
			return nil, fmt.Errorf("feature %d has no property %q; give it one of train, val, test and buffer", i, splitProperty)
		}
		a := SplitArea{Split: Split(name)}
		switch g := f.Geometry.(type) {
		case orb.Polygon:
			a.Shape = orb.MultiPolygon{g}
		case orb.MultiPolygon:
			a.Shape = g
		case nil:
			return nil, fmt.Errorf("feature %d has no geometry", i)
		default:
			return nil, fmt.Errorf("feature %d is a %s; give a Polygon or a MultiPolygon", i, g.GeoJSONType())
		}
		if err := a.check(); err != nil {
			return nil, fmt.Errorf("feature %d: %w", i, err)
		}
		areas = append(areas, a)
	}
	return areas, nil
}

func (a *SplitArea) check() error {
	if a.Split == HeldOut {
		return errors.New("an area cannot be held out; a held-out city is one of its own (Spec.HeldOut)")
	}
	if !slices.Contains(dealtSplits, a.Split) {
		return fmt.Errorf("its split is %q; try one of train, val, test and buffer", a.Split)
	}
	if len(a.Shape) == 0 {
		return errors.New("it has no polygon")
	}
	for _, polygon := range a.Shape {
		if len(polygon) == 0 {
			return errors.New("a polygon has no ring")
		}
		for _, ring := range polygon {
			if len(ring) < 4 || ring[0] != ring[len(ring)-1] {
				return fmt.Errorf("a ring of %d points is not closed; the last point is the first again, of at least four", len(ring))
			}
			for _, p := range ring {
				if !onEarth(p) {
					return fmt.Errorf("the point %v,%v is not on Earth; give longitude before latitude, in degrees", p[0], p[1])
				}
			}
		}
	}
	return nil
}

// onEarth reports whether a point is a longitude and a latitude in degrees.
func onEarth(p orb.Point) bool {
	return p[0] >= -180 && p[0] <= 180 && p[1] >= -90 && p[1] <= 90
}

// areaIndex finds the area of a place.
type areaIndex struct {
	areas []SplitArea
	boxes rtree.RTreeG[int]
	has   map[Split]bool // the splits of the areas
}

func newAreaIndex(areas []SplitArea) *areaIndex {
	x := &areaIndex{areas: areas, has: map[Split]bool{}}
	for i := range areas {
		b := areas[i].Shape.Bound()
		x.boxes.Insert(b.Min, b.Max, i)
		x.has[areas[i].Split] = true
	}
	return x
}

// at returns the split of a place.
func (x *areaIndex) at(p orb.Point) Split {
	first := len(x.areas)
	x.boxes.Search(p, p, func(_, _ [2]float64, i int) bool {
		if i < first && planar.MultiPolygonContains(x.areas[i].Shape, p) {
			first = i
		}
		return true
	})
	switch {
	case first < len(x.areas):
		return x.areas[first].Split
	case x.has[Train]:
		return Buffer
	}
	return Train
}
