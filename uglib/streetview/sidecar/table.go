package sidecar

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// Table is what a sidecar says.
type Table struct {
	Path     string    // the file
	Rows     []Row     // in the order of the file
	Problems []Problem // rows with a wrong value, in the same order
}

// Row is what a sidecar says of one image. Each has a file name or an id.
type Row struct {
	Line       int         // of the CSV file, or number of the GeoJSON feature; the first is 1
	File       string      // of the image, with slashes; may lack folder and ending
	ID         int64       // of the image; 0 if there is none
	Pos        orb.Point   // longitude, latitude in degrees (WGS 84)
	HasPos     bool        //
	Heading    geo.Bearing // from true north
	HasHeading bool        //
	Taken      time.Time   // UTC; zero if there is none
}

// Problem is a row with a wrong value.
type Problem struct {
	Line int    `json:"line"` // as [Row.Line]
	File string `json:"file"` // of the image, or its id; empty where neither can be read
	Text string `json:"text"` // names the table, the line, the value and the cure
}

// maxBytes bounds the memory that a table may ask for.
const maxBytes = 512 << 20

// Formats of tables, by the endings of their names.
var formats = map[string]func(*Table, io.Reader) error{
	".csv": readCSV, ".tsv": readCSV, ".txt": readCSV,
	".geojson": readGeoJSON, ".json": readGeoJSON,
}

// Read reads a sidecar, by the ending of its name: .csv, .tsv or .txt, .geojson
// or .json.
func Read(path string) (*Table, error) {
	read, ok := formats[strings.ToLower(filepath.Ext(path))]
	if !ok {
		return nil, fmt.Errorf("sidecar %s is neither CSV (.csv, .tsv, .txt) nor GeoJSON (.geojson, .json) by its name; rename or convert it", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("sidecar cannot be opened: %w; give the table of image files and their positions", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxBytes {
		return nil, fmt.Errorf("sidecar %s has %d bytes, more than %d; split the folder", path, info.Size(), maxBytes)
	}
	t := &Table{Path: path}
	return t, read(t, bufio.NewReaderSize(f, 1<<16))
}

// names are the stems by which [Find] knows a sidecar.
var names = []string{"sidecar", "images", "photos", "views", "metadata", "positions", "geotags"}

// Find returns the sidecar at the top of a folder of images: the file named
// sidecar, images, photos, views, metadata, positions or geotags with the
// ending .csv, .tsv or .geojson; empty if there is none. It is an error if
// there are several.
func Find(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("folder %s cannot be read: %w", dir, err)
	}
	found := ""
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		stem := strings.TrimSuffix(name, filepath.Ext(name))
		switch filepath.Ext(name) {
		case ".csv", ".tsv", ".geojson":
		default:
			continue
		}
		for _, n := range names {
			switch {
			case stem != n || e.IsDir():
			case found != "":
				return "", fmt.Errorf("folder %s has two sidecars, %s and %s; say which one is meant, or move one away", dir, found, e.Name())
			default:
				found = e.Name()
			}
		}
	}
	if found == "" {
		return "", nil
	}
	return filepath.Join(dir, found), nil
}

// problem notes a wrong row.
func (t *Table) problem(line int, file string, err error) {
	t.Problems = append(t.Problems, Problem{line, file, err.Error()})
}
