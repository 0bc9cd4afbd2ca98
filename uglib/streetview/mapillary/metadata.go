package mapillary

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// mostLine bounds a row of metadata, in bytes.
const mostLine = 8 << 20

// BadRow is a row of metadata that stands for no photograph.
type BadRow struct {
	Line   int    `json:"line"` // counted from 1
	Reason string `json:"reason"`
}

// ReadMetadata reads rows of metadata, a JSON object a line: those of the UGE
// reference (mapillary_results_cleaned.jsonl: mapillary_id, else id, a string
// or a number; geometry; url; city; compass_angle), the API's own images, and
// [PhotosFile]. Other columns are let go. Unlike the reference it takes rows
// without a url, because the image files are on disk. A row that cannot be
// read, has no id or no position is listed and the rest are read. It is an
// error if there is no good row.
func ReadMetadata(path string) (photos []Photo, bad []BadRow, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("metadata cannot be read: %w; give a file of JSON lines such as mapillary_results_cleaned.jsonl", err)
	}
	defer f.Close()
	photos, bad, err = readMetadata(f)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("metadata %s cannot be read: %w", path, err)
	case len(photos) == 0 && len(bad) == 0:
		return nil, nil, fmt.Errorf("metadata %s holds no row; give a JSON object a line with mapillary_id and geometry", path)
	case len(photos) == 0:
		return nil, nil, fmt.Errorf("metadata %s: none of %d rows stands for a photograph (line %d: %s); give a JSON object a line with mapillary_id and geometry",
			path, len(bad), bad[0].Line, bad[0].Reason)
	}
	return photos, bad, nil
}

func readMetadata(r io.Reader) (photos []Photo, bad []BadRow, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for line := 1; ; line++ {
		row, whole, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		end := errors.Is(err, io.EOF)
		if line == 1 {
			row = bytes.TrimPrefix(row, []byte("\xef\xbb\xbf")) // byte order mark
		}
		if row = bytes.TrimSpace(row); len(row) > 0 {
			p, err := readRow(row, whole)
			if err != nil {
				bad = append(bad, BadRow{line, err.Error()})
			} else {
				photos = append(photos, p)
			}
		}
		if end {
			return photos, bad, nil
		}
	}
}

// readLine returns a line without its end; whole is false where it is too long
// and the rest was let go.
func readLine(in *bufio.Reader) (line []byte, whole bool, err error) {
	whole = true
	for {
		part, more, err := in.ReadLine()
		if len(line)+len(part) > mostLine {
			whole = false
		} else {
			line = append(line, part...)
		}
		if err != nil || !more {
			return line, whole, err
		}
	}
}

func readRow(row []byte, whole bool) (Photo, error) {
	if !whole {
		return Photo{}, fmt.Errorf("it is longer than %d bytes", mostLine)
	}
	var m image
	if err := json.Unmarshal(row, &m); err != nil {
		return Photo{}, fmt.Errorf("no JSON object: %w", err)
	}
	p, err := m.photo()
	if err != nil {
		return Photo{}, err
	}
	if p.Geometry == nil && p.Computed == nil {
		why := "it has no geometry"
		if len(m.Geometry) > 0 {
			why = fmt.Sprintf("its geometry %.80s is no point on the Earth", m.Geometry)
		}
		return Photo{}, fmt.Errorf("photograph %d: %s", p.MapillaryID, why)
	}
	p.City = string(m.City)
	if p.URL = string(m.URL); p.URL == "" {
		p.URL = pageOf(p.MapillaryID)
	}
	return p, nil
}
