package sidecar

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// readCSV reads a CSV file whose first line names the columns.
func readCSV(t *Table, r io.Reader) error {
	// UTF-8 without a byte order mark, or what the mark says.
	br := bufio.NewReader(transform.NewReader(r, unicode.BOMOverride(unicode.UTF8.NewDecoder())))
	separator, err := findSeparator(br)
	if err != nil {
		return fmt.Errorf("sidecar %s: %w", t.Path, err)
	}
	cr := csv.NewReader(br)
	cr.Comma, cr.ReuseRecord, cr.FieldsPerRecord = separator, true, -1
	head, err := cr.Read()
	if err != nil {
		return t.csvError(err)
	}
	names := append([]string(nil), head...)
	at, err := locate(names)
	if err == nil {
		err = usable(at, names)
	}
	if err != nil {
		return fmt.Errorf("sidecar %s: %w", t.Path, err)
	}
	for {
		record, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return t.csvError(err)
		}
		line, _ := cr.FieldPos(0)
		row := Row{Line: line}
		var text [fieldCount]string
		for f, i := range at {
			if i >= 0 && i < len(record) {
				text[f] = record[i]
			}
		}
		row.File = cleanFile(text[fieldFile]) // for the report of a problem
		if len(record) != len(names) {
			err = fmt.Errorf("it has %d fields where the header has %d; quote values that hold the separator %q", len(record), len(names), separator)
		} else {
			err = row.set(text, separator != ',')
		}
		if err != nil {
			t.problem(line, named(row, text), fmt.Errorf("%s, line %d: %w", t.Path, line, err))
			continue
		}
		t.Rows = append(t.Rows, row)
	}
}

// named returns what a row calls its image.
func named(r Row, text [fieldCount]string) string {
	if r.File != "" {
		return r.File
	}
	return text[fieldID]
}

func (t *Table) csvError(err error) error {
	var at *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("sidecar %s is empty; its first line must name the columns: file, lat, lon, heading, captured_at", t.Path)
	case errors.As(err, &at):
		return fmt.Errorf("sidecar %s, line %d, byte %d: %w; double each quote inside of a quoted value", t.Path, at.Line, at.Column, at.Err)
	}
	return fmt.Errorf("sidecar %s cannot be read: %w", t.Path, err)
}

// findSeparator returns the separator of the first line: of comma, semicolon,
// tab and bar the one that cuts it into the most columns with known names, then
// into the most columns.
func findSeparator(br *bufio.Reader) (rune, error) {
	head, err := br.Peek(br.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("it cannot be read: %w", err)
	}
	if line, _, ok := bytes.Cut(head, []byte("\n")); ok {
		head = line
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return 0, errors.New("its first line holds a zero byte, so it is no text in UTF-8; save it as CSV in UTF-8")
	}
	best, most := ',', -1
	for _, sep := range []rune{',', ';', '\t', '|'} {
		cr := csv.NewReader(bytes.NewReader(head))
		cr.Comma, cr.LazyQuotes = sep, true
		names, err := cr.Read()
		if err != nil {
			continue
		}
		score := len(names)
		for f := range fieldCount {
			for _, tier := range Columns[f] {
				for _, known := range tier {
					for _, n := range names {
						if plain(n) == known {
							score += 1000
						}
					}
				}
			}
		}
		if score > most {
			best, most = sep, score
		}
	}
	return best, nil
}
