package city

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
)

// Spec says which city to build: an extract and a box in it.
type Spec struct {
	Name   string     // key, such as "wilmington": small letters, digits and hyphens
	Title  string     // for people, such as "Wilmington, Delaware"
	Source osm.Source //
	Bound  orb.Bound  // zero for the whole extract
}

var builtins = []struct {
	name, title, extract string
	bound                string
}{
	{"wilmington", "Wilmington, Delaware", "delaware", "-75.60,39.72,-75.51,39.78"},
	{"newark", "Newark, Delaware", "delaware", "-75.79,39.65,-75.70,39.71"},
	{"dover", "Dover, Delaware", "delaware", "-75.57,39.12,-75.49,39.19"},
	{"andorra", "Andorra la Vella", "andorra", "1.47,42.48,1.58,42.56"},
}

// BuiltinNames returns the names of the built-in cities.
func BuiltinNames() []string {
	var names []string
	for _, b := range builtins {
		names = append(names, b.name)
	}
	return names
}

// Builtin returns a city of an extract that comes with the Go modules; see
// [BuiltinNames].
func Builtin(name string) (Spec, error) {
	for _, b := range builtins {
		if b.name != name {
			continue
		}
		src, err := osm.Builtin(b.extract)
		if err != nil {
			return Spec{}, err
		}
		bound, err := geo.ParseBound(b.bound)
		if err != nil {
			return Spec{}, err
		}
		return Spec{Name: b.name, Title: b.title, Source: src, Bound: bound}, nil
	}
	return Spec{}, fmt.Errorf("no built-in city is called %q; there are %s; for any other, give an extract with --pbf FILE [--bbox W,S,E,N]",
		name, strings.Join(BuiltinNames(), ", "))
}

var notKey = regexp.MustCompile(`[^a-z0-9]+`)

// FromFile returns the city in the box of an extract of your own: an .osm.pbf,
// .osm, .osm.gz or .osm.bz2 file. With a nil box it is the whole extract, with
// an empty name that of the file.
func FromFile(path, name string, bound *orb.Bound) (Spec, error) {
	src, err := osm.File(path)
	if err != nil {
		return Spec{}, err
	}
	if name == "" {
		name, _, _ = strings.Cut(filepath.Base(path), ".")
		name = strings.TrimSuffix(name, "-latest")
	}
	key := strings.Trim(notKey.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if key == "" {
		return Spec{}, fmt.Errorf("city name %q holds no letter or digit of ASCII; give it one that does, such as \"my-city\"", name)
	}
	if slices.Contains(BuiltinNames(), key) {
		return Spec{}, fmt.Errorf("city name %q is that of a built-in city; give another", name)
	}
	s := Spec{Name: key, Title: name, Source: src}
	if bound != nil {
		if bound.IsEmpty() || bound.Min[0] == bound.Max[0] || bound.Min[1] == bound.Max[1] {
			return Spec{}, fmt.Errorf("bounding box %s is empty; give west,south,east,north in degrees", geo.FormatBound(*bound))
		}
		s.Bound = *bound
	}
	return s, nil
}
