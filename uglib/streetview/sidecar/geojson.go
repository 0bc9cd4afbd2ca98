package sidecar

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/paulmach/orb"
)

// feature is a GeoJSON feature as far as it counts here; numbers stay texts, so
// that ids are exact.
type feature struct {
	Type       string                     `json:"type"`
	ID         json.RawMessage            `json:"id"`
	Geometry   *geometry                  `json:"geometry"`
	Properties map[string]json.RawMessage `json:"properties"`
}

type geometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
}

// readGeoJSON reads a feature collection, one feature at a time.
func readGeoJSON(t *Table, r io.Reader) error {
	dec := json.NewDecoder(skipMark(r))
	wrong := func(err error) error {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file ends early: it is cut off")
		}
		return fmt.Errorf("sidecar %s, byte %d: %w; give a GeoJSON feature collection of points", t.Path, dec.InputOffset(), err)
	}
	if err := expect(dec, json.Delim('{')); err != nil {
		return wrong(err)
	}
	seen := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return wrong(err)
		}
		switch key {
		case "features":
			seen = true
			if err := t.features(dec); err != nil {
				return wrong(err)
			}
		case "type":
			var kind string
			if err := dec.Decode(&kind); err != nil {
				return wrong(err)
			}
			if kind != "FeatureCollection" {
				return wrong(fmt.Errorf("its type is %q, not FeatureCollection", kind))
			}
		case "crs":
			var crs json.RawMessage
			if err := dec.Decode(&crs); err != nil {
				return wrong(err)
			}
			if s := string(crs); s != "null" && !strings.Contains(s, "CRS84") && !strings.Contains(s, "4326") {
				return fmt.Errorf("sidecar %s is in the coordinates of %s; convert it to WGS 84 (ogr2ogr -t_srs EPSG:4326)", t.Path, short(s))
			}
		default:
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				return wrong(err)
			}
		}
	}
	if err := expect(dec, json.Delim('}')); err != nil {
		return wrong(err)
	}
	if !seen {
		return wrong(errors.New(`it has no member "features"`))
	}
	return nil
}

// skipMark leaves out a byte order mark.
func skipMark(r io.Reader) io.Reader {
	var head [3]byte
	n, _ := io.ReadFull(r, head[:])
	if string(head[:n]) == "\ufeff" {
		return r
	}
	return io.MultiReader(strings.NewReader(string(head[:n])), r)
}

func expect(dec *json.Decoder, want json.Delim) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	if tok != want {
		return fmt.Errorf("%v stands where %v is due", tok, want)
	}
	return nil
}

func (t *Table) features(dec *json.Decoder) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	for n := 1; dec.More(); n++ {
		at := dec.InputOffset()
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		row := Row{Line: n}
		var f feature
		err := json.Unmarshal(raw, &f)
		var text [fieldCount]string
		if err != nil {
			err = fmt.Errorf("it is no feature: %w", err)
		} else {
			text, err = f.row(&row)
		}
		if err != nil {
			t.problem(n, named(row, text), fmt.Errorf("%s, feature %d at byte %d: %w", t.Path, n, at, err))
			continue
		}
		t.Rows = append(t.Rows, row)
	}
	return expect(dec, ']')
}

// row fills in what a feature says and returns the texts of its fields.
func (f *feature) row(r *Row) ([fieldCount]string, error) {
	var names, values []string
	for _, k := range slices.Sorted(maps.Keys(f.Properties)) {
		if s, ok := scalar(f.Properties[k]); ok {
			names, values = append(names, k), append(values, s)
		}
	}
	var text [fieldCount]string
	at, err := locate(names)
	if err != nil {
		return text, err
	}
	for i, n := range at {
		if n >= 0 {
			text[i] = values[n]
		}
	}
	if text[fieldID] == "" {
		text[fieldID], _ = scalar(f.ID)
		if text[fieldFile] != "" && strings.Trim(text[fieldID], "0123456789") != "" {
			text[fieldID] = "" // ids of features may be any text
		}
	}
	r.File = cleanFile(text[fieldFile]) // for the report of a problem
	if f.Type != "Feature" {
		return text, fmt.Errorf("its type is %q, not Feature", f.Type)
	}
	if f.Geometry != nil {
		text[fieldLat], text[fieldLon] = "", ""
	}
	if err := r.set(text, false); err != nil || f.Geometry == nil {
		return text, err
	}
	if f.Geometry.Type != "Point" {
		return text, fmt.Errorf("its geometry is a %s; give the point where the image was taken", short(f.Geometry.Type))
	}
	var c []float64
	if err := json.Unmarshal(f.Geometry.Coordinates, &c); err != nil || len(c) < 2 {
		return text, fmt.Errorf("its coordinates %s are no longitude and latitude; write [lon, lat]", short(string(f.Geometry.Coordinates)))
	}
	r.Pos, r.HasPos = orb.Point{c[0], c[1]}, true
	return text, checkPosition(r.Pos)
}

// scalar returns the text of a JSON string or number; other values have none.
func scalar(raw json.RawMessage) (string, bool) {
	switch s := string(raw); {
	case s == "" || s == "null" || s == "true" || s == "false" || s[0] == '{' || s[0] == '[':
		return "", false
	case s[0] == '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err == nil
	default:
		return s, true
	}
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
