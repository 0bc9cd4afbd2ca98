package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// citiesFile is what --cities holds.
type citiesFile struct {
	Train   []cityEntry    `json:"train"`
	HeldOut []cityEntry    `json:"heldout"`
	Seed    uint64         `json:"seed"`    // default 1
	Options ugdata.Options `json:"options"` // by their names in the library, such as {"Radius": 200}
}

// cityEntry is one city with its views.
type cityEntry struct {
	Builtin string `json:"builtin"` // a city that comes with the program, or
	Extract string `json:"extract"` // a file of OpenStreetMap: .osm.pbf, .osm, .osm.gz, .osm.bz2
	Name    string `json:"name"`    // default: that of the file
	Box     string `json:"box"`     // west,south,east,north; default: the whole extract
	Views   int    `json:"views"`   // drawn from the geometry, or
	Photos  string `json:"photos"`  // a folder of photographs
	Size    [2]int `json:"size"`    // of drawn views, pixels; default 448 by 336
}

// readCities reads the dataset that a file describes. Paths in it count from
// its folder.
func readCities(path string) (ugdata.Spec, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return ugdata.Spec{}, fmt.Errorf("cities: %w", err)
	}
	spec, err := parseCities(bytes.NewReader(data), filepath.Dir(path))
	if err != nil {
		return ugdata.Spec{}, fmt.Errorf("cities: %s: %w", path, err)
	}
	return spec, nil
}

func parseCities(r io.Reader, dir string) (ugdata.Spec, error) {
	file := citiesFile{Seed: 1}
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return ugdata.Spec{}, err
	}
	spec := ugdata.Spec{Seed: file.Seed, Options: file.Options}
	for _, part := range []struct {
		name    string
		entries []cityEntry
		to      *[]streetview.Spec
	}{{"train", file.Train, &spec.Train}, {"heldout", file.HeldOut, &spec.HeldOut}} {
		for i, e := range part.entries {
			v, err := e.spec(dir, file.Seed)
			if err != nil {
				return ugdata.Spec{}, fmt.Errorf("%s, city %d: %w", part.name, i, err)
			}
			*part.to = append(*part.to, v)
		}
	}
	return spec, spec.Options.Check()
}

func (e cityEntry) spec(dir string, seed uint64) (streetview.Spec, error) {
	c, err := e.city(dir)
	if err != nil {
		return streetview.Spec{}, err
	}
	switch {
	case e.Photos != "" && e.Views != 0:
		return streetview.Spec{}, errors.New("it has both views and photos; give one of them")
	case e.Photos != "":
		return streetview.Folder(c, under(dir, e.Photos))
	case e.Views < 1:
		return streetview.Spec{}, fmt.Errorf("%d views cannot be drawn; give \"views\": 400, or \"photos\": a folder", e.Views)
	}
	v := streetview.Render(c, e.Views)
	v.Seed = seed
	if e.Size != [2]int{} {
		v.Width, v.Height = e.Size[0], e.Size[1]
	}
	return v, nil
}

func (e cityEntry) city(dir string) (city.Spec, error) {
	switch {
	case (e.Builtin == "") == (e.Extract == ""):
		return city.Spec{}, errors.New("give either \"builtin\" or \"extract\"")
	case e.Builtin != "":
		if e.Name != "" || e.Box != "" {
			return city.Spec{}, fmt.Errorf("the built-in city %s has a name and a box of its own", e.Builtin)
		}
		return city.Builtin(e.Builtin)
	}
	var box *orb.Bound
	if e.Box != "" {
		b, err := geo.ParseBound(e.Box)
		if err != nil {
			return city.Spec{}, err
		}
		box = &b
	}
	return city.FromFile(under(dir, e.Extract), e.Name, box)
}

// under returns a path that counts from a folder.
func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
