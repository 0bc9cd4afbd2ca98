package sidecar

import (
	"fmt"
	"slices"
	"strings"
)

// field is a fact that a column or property can hold.
type field int

const (
	fieldFile field = iota
	fieldID
	fieldLat
	fieldLon
	fieldHeading
	fieldTaken
	fieldCount
)

var fieldWords = [fieldCount]string{"image file", "image id", "latitude", "longitude", "heading", "time"}

// Columns holds the names of columns and GeoJSON properties, in lower case and
// without blanks, hyphens, underscores and brackets, for image file, id,
// latitude, longitude, heading and time. Names of an earlier list win over
// those of a later one; two of the same list in one table are an error.
var Columns = [...][][]string{
	fieldFile: {
		{"file", "filename", "image", "imagefile", "imagename", "imagefilename", "photo", "sourcefile"},
		{"path", "filepath", "imagepath"},
		{"name"},
	},
	fieldID:  {{"id", "imageid", "photoid"}},
	fieldLat: {{"lat", "latitude", "gpslatitude"}, {"y"}},
	fieldLon: {{"lon", "lng", "long", "longitude", "gpslongitude"}, {"x"}},
	fieldHeading: {
		{"computedcompassangle"},
		{"heading", "compassangle", "bearing", "azimuth", "direction", "gpsimgdirection"},
	},
	fieldTaken: {
		{"capturedat", "datetimeoriginal", "taken", "takenat"},
		{"time", "timestamp", "datetime", "date"},
	},
}

// plain is a column's name as [Columns] writes it.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-', '.', '(', ')', '[', ']', '\u00a0':
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// locate returns the position among names of each field's column, -1 where
// there is none.
func locate(names []string) ([fieldCount]int, error) {
	var at [fieldCount]int
	plains := make([]string, len(names))
	for i, n := range names {
		plains[i] = plain(n)
	}
	for f := range fieldCount {
		at[f] = -1
		for _, tier := range Columns[f] {
			for i, p := range plains {
				if !slices.Contains(tier, p) {
					continue
				}
				if at[f] >= 0 {
					return at, fmt.Errorf("both column %q and column %q may be the %s; rename one of them", names[at[f]], names[i], fieldWords[f])
				}
				at[f] = i
			}
			if at[f] >= 0 {
				break
			}
		}
	}
	return at, nil
}

// usable returns an error where the columns name no image.
func usable(at [fieldCount]int, names []string) error {
	shown := names
	if len(shown) > 12 {
		shown = shown[:12]
	}
	head := strings.Join(shown, ", ")
	switch {
	case at[fieldFile] < 0 && at[fieldID] < 0:
		return fmt.Errorf("no column names the image (its columns are: %s); name columns file, lat, lon, and if known heading and captured_at", head)
	case (at[fieldLat] < 0) != (at[fieldLon] < 0):
		missing := fieldLat
		if at[fieldLon] < 0 {
			missing = fieldLon
		}
		return fmt.Errorf("no column is the %s (its columns are: %s); name columns lat and lon", fieldWords[missing], head)
	case at[fieldLat] < 0 && at[fieldHeading] < 0 && at[fieldTaken] < 0:
		return fmt.Errorf("no column says where, which way or when an image was taken (its columns are: %s); name columns lat, lon, heading, captured_at", head)
	}
	return nil
}
