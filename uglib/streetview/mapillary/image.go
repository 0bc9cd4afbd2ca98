package mapillary

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"urbangraph/uglib/streetview/internal/fetch"
)

// fields are those that are asked for beside the address of the file.
var fields = []string{
	"id", "geometry", "computed_geometry", "compass_angle", "computed_compass_angle", "captured_at",
	"camera_type", "is_pano", "width", "height", "make", "model", "sequence", "creator",
}

// needed are the fields without which there is no photograph.
var needed = map[string]bool{"id": true, "geometry": true}

// image is an image as the API tells of it. Every field but the id may be
// missing, and one that is not understood counts as missing.
type image struct {
	ID              json.RawMessage `json:"id"`
	Geometry        json.RawMessage `json:"geometry"`
	Computed        json.RawMessage `json:"computed_geometry"`
	Compass         fetch.Number    `json:"compass_angle"`
	ComputedCompass fetch.Number    `json:"computed_compass_angle"`
	CapturedAt      json.RawMessage `json:"captured_at"`
	CameraType      fetch.Text      `json:"camera_type"`
	Pano            truth           `json:"is_pano"`
	Width           fetch.Number    `json:"width"`
	Height          fetch.Number    `json:"height"`
	Make            fetch.Text      `json:"make"`
	Model           fetch.Text      `json:"model"`
	Sequence        fetch.Text      `json:"sequence"`
	Creator         json.RawMessage `json:"creator"`
	Thumb256        fetch.Text      `json:"thumb_256_url"`
	Thumb1024       fetch.Text      `json:"thumb_1024_url"`
	Thumb2048       fetch.Text      `json:"thumb_2048_url"`
	Original        fetch.Text      `json:"thumb_original_url"`

	// Of metadata that others fetched.
	MapillaryID json.RawMessage `json:"mapillary_id"`
	City        fetch.Text      `json:"city"`
	URL         fetch.Text      `json:"url"`
}

// truth is a JSON boolean that may come as a string or be missing.
type truth bool

// UnmarshalJSON implements [json.Unmarshaler].
func (b *truth) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseBool(string(bytes.Trim(data, `"`)))
	*b = truth(err == nil && v)
	return nil
}

// user is the creator of an image.
type user struct {
	Name fetch.Text `json:"username"`
	ID   fetch.Text `json:"id"`
}

// photo returns the photograph that an image stands for. The error is one of
// its id.
func (m *image) photo() (Photo, error) {
	raw := m.MapillaryID
	if len(raw) == 0 || string(raw) == "null" {
		raw = m.ID
	}
	var id ID
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &id); err != nil {
			return Photo{}, err
		}
	}
	if id == 0 {
		return Photo{}, fmt.Errorf("it has no id")
	}
	p := Photo{
		MapillaryID: id, Geometry: point(m.Geometry), Computed: point(m.Computed),
		Compass: m.Compass.Ptr(), ComputedCompass: m.ComputedCompass.Ptr(), CapturedAt: millis(m.CapturedAt),
		CameraType: string(m.CameraType), Pano: bool(m.Pano) || m.CameraType == "spherical" || m.CameraType == "equirectangular",
		Width: m.Width.Int(), Height: m.Height.Int(), Make: string(m.Make), Model: string(m.Model), Sequence: string(m.Sequence),
		URL: pageOf(id), Licence: Licence,
	}
	var u user
	if len(m.Creator) > 0 && json.Unmarshal(m.Creator, &u) != nil {
		var name fetch.Text
		if json.Unmarshal(m.Creator, &name) == nil {
			u.Name = name
		}
	}
	p.Creator, p.CreatorID = string(u.Name), string(u.ID)
	p.Attribution = "Mapillary, " + Licence
	if p.Creator != "" {
		p.Attribution = p.Creator + " on " + p.Attribution
	}
	return p, nil
}

// pageOf returns the address of an image's page.
func pageOf(id ID) string {
	return "https://www.mapillary.com/app/?pKey=" + strconv.FormatInt(int64(id), 10)
}

// point returns a GeoJSON point, or nil for what is none.
func point(raw json.RawMessage) *Point {
	p := new(Point)
	if len(raw) == 0 || json.Unmarshal(raw, p) != nil || string(raw) == "null" {
		return nil
	}
	return p
}

// millis returns a time given as milliseconds since 1970 or in ISO 8601; 0 for
// what is none.
func millis(raw json.RawMessage) int64 {
	text := string(bytes.Trim(raw, `"`))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return max(0, n)
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f > 0 && f < 1e15 {
		return int64(f)
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return max(0, t.UnixMilli())
		}
	}
	return 0
}

// file returns the address of the image file of a size.
func (m *image) file(size int) string {
	switch sizes[size] {
	case "thumb_256_url":
		return string(m.Thumb256)
	case "thumb_1024_url":
		return string(m.Thumb1024)
	case "thumb_original_url":
		return string(m.Original)
	}
	return string(m.Thumb2048)
}
