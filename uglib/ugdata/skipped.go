package ugdata

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
)

// Skipped is a view that did not become a place of the dataset, and why.
type Skipped struct {
	City   string     `json:"city"`
	View   int64      `json:"view,string"`
	Image  string     `json:"image"` // as in the set of views
	Reason SkipReason `json:"reason"`
	Detail string     `json:"detail,omitempty"`
}

// SkipReason says why a view is no place.
type SkipReason string

const (
	NoStreet    SkipReason = "no street"     // none within the reach of the anchoring
	BadPosition SkipReason = "bad position"  // no longitude and latitude on Earth
	BadStreet   SkipReason = "bad street"    // anchored to a node that is no street of the city
	SameID      SkipReason = "same id"       // an earlier view of the city has it
	NoImage     SkipReason = "image missing" // its file is not there
	Done        SkipReason = "processed"     // it is in Options.Processed
	Crowded     SkipReason = "crowded"       // its S2 cell has Options.PerCell others
	Failed      SkipReason = "failed"        // it could not be described
)

var skipReasons = []SkipReason{NoStreet, BadPosition, BadStreet, SameID, NoImage, Done, Crowded, Failed}

// reason returns why a view with the verdict is skipped; empty if it is kept.
func (v verdict) reason() SkipReason {
	switch v {
	case processed:
		return Done
	case crowded:
		return Crowded
	}
	return ""
}

// skippedFile lists the skipped views of a dataset, one JSON object a line.
const skippedFile = "skipped.jsonl"

// unfit says why a view cannot be a place; the reason is empty if it can.
func unfit(c *city.City, v *streetview.View) (reason SkipReason, detail string) {
	switch {
	case !onEarth(v.Pos):
		return BadPosition, fmt.Sprintf("%v,%v", v.Pos[0], v.Pos[1])
	case v.Street == city.None:
		return NoStreet, ""
	case v.Street < 0 || int(v.Street) >= len(c.Nodes) || c.Nodes[v.Street].Kind != city.Street:
		return BadStreet, fmt.Sprintf("node %d of %d", v.Street, len(c.Nodes))
	}
	if line, ok := c.Nodes[v.Street].Geometry.(orb.LineString); !ok || len(line) == 0 {
		return BadStreet, fmt.Sprintf("node %d has no line", v.Street)
	}
	return "", ""
}

// missing says why the image file of a view cannot be opened; empty if it can.
func missing(set *streetview.Set, v streetview.View) string {
	info, err := os.Stat(set.Path(v))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case err != nil:
		return err.Error()
	case !info.Mode().IsRegular() || info.Size() == 0:
		return "empty or no file"
	}
	return ""
}

func writeSkipped(w io.Writer, all []Skipped) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range all {
		if err := enc.Encode(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

// readSkipped reads the list; a dataset from elsewhere has none.
func readSkipped(path string) ([]Skipped, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ugdata: %w", err)
	}
	defer f.Close()
	var all []Skipped
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestLine)
	for n := 1; lines.Scan(); n++ {
		var s Skipped
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return nil, fmt.Errorf("ugdata: %s, line %d: %w; build the dataset again", path, n, err)
		}
		all = append(all, s)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("ugdata: %s: %w", path, err)
	}
	return all, nil
}
