package ugdata

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// Processed names a file of views that were processed before, by its content:
// the path is not part of a dataset's spec, so that the same file in another
// folder gives the same dataset. The zero value names none.
type Processed struct {
	Path   string `json:"-"`
	SHA256 string `json:",omitempty"` // in hex
}

// ProcessedFile returns the file at path with its checksum. It is an error if
// the file cannot be read as [ReadProcessed] reads it.
func ProcessedFile(path string) (Processed, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Processed{}, fmt.Errorf("ugdata: processed views: %w", err)
	}
	p := Processed{Path: abs}
	data, err := os.ReadFile(abs)
	if err != nil {
		return Processed{}, fmt.Errorf("ugdata: processed views: %w", err)
	}
	if _, err := ReadProcessed(bytes.NewReader(data)); err != nil {
		return Processed{}, fmt.Errorf("%w (in %s)", err, path)
	}
	sum := sha256.Sum256(data)
	p.SHA256 = hex.EncodeToString(sum[:])
	return p, nil
}

// ids reads the file.
func (p Processed) ids() (map[int64]bool, error) {
	if p == (Processed{}) {
		return nil, nil
	}
	data, err := os.ReadFile(p.Path)
	if err != nil {
		return nil, fmt.Errorf("ugdata: processed views: %w; give the path of the file again", err)
	}
	if sum := sha256.Sum256(data); p.SHA256 != "" && hex.EncodeToString(sum[:]) != p.SHA256 {
		return nil, fmt.Errorf("ugdata: processed views: %s has changed since it was named; name it again", p.Path)
	}
	return ReadProcessed(bytes.NewReader(data))
}

// ReadProcessed reads the ids of views from lines that hold an id each, or a
// JSON object as the rows and records of the UGE reference and of this package
// are: with mapillary_node, mapillary_id or place_id, or else with an image
// whose file is called by its id. Empty lines are skipped. Ids are whole
// numbers of 64 bits, in quotes or not.
func ReadProcessed(r io.Reader) (map[int64]bool, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	ids := map[int64]bool{}
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		id, err := processedID(line)
		if err != nil {
			return nil, fmt.Errorf("ugdata: processed views: line %d: %w", n, err)
		}
		ids[id] = true
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("ugdata: processed views: after line %d: %w", n, err)
	}
	return ids, nil
}

func processedID(line []byte) (int64, error) {
	if line[0] != '{' {
		id, err := strconv.ParseInt(strings.Trim(string(line), `"`), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%.40q is no id of a view and no JSON object", line)
		}
		return id, nil
	}
	var row struct {
		Node   json.RawMessage `json:"mapillary_node"`
		ID     json.RawMessage `json:"mapillary_id"`
		Place  json.RawMessage `json:"place_id"`
		Image  Texts           `json:"image_path"`
		Images Texts           `json:"images"`
	}
	if err := json.Unmarshal(line, &row); err != nil {
		return 0, err
	}
	for _, raw := range []json.RawMessage{row.Node, row.ID, row.Place} {
		if text := strings.Trim(string(raw), `"`); text != "" && text != "null" {
			id, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%.40q is no id of a view", text)
			}
			return id, nil
		}
	}
	for _, file := range append(row.Image, row.Images...) {
		base := path.Base(strings.ReplaceAll(file, `\`, "/"))
		if id, err := strconv.ParseInt(strings.TrimSuffix(base, path.Ext(base)), 10, 64); err == nil {
			return id, nil
		}
	}
	return 0, fmt.Errorf("the row names no view: it has none of mapillary_node, mapillary_id and place_id, and no image whose file is called by its id")
}

// verdict says whether a view becomes a place.
type verdict uint8

const (
	kept      verdict = iota
	processed         // it is in Options.Processed
	crowded           // its S2 cell has enough others
)

// spot is what the choice among views asks of one.
type spot struct {
	id  int64
	pos orb.Point
}

// choose leaves out the views that were processed before, and of each S2 cell
// keeps at most o.PerCell, which the seed draws. The verdicts do not depend on
// the order of the views.
func (o *Options) choose(views []spot, seed uint64) ([]verdict, error) {
	done, err := o.Processed.ids()
	if err != nil {
		return nil, err
	}
	out := make([]verdict, len(views))
	cells := map[uint64][]int{}
	for i, v := range views {
		if done[v.id] {
			out[i] = processed
		} else if o.PerCell > 0 {
			cell := geo.Cell(v.pos, o.CellLevel)
			cells[cell] = append(cells[cell], i)
		}
	}
	for cell, in := range cells {
		slices.SortFunc(in, func(a, b int) int { return cmp.Compare(views[a].id, views[b].id) })
		r := rand.New(rand.NewPCG(seed, cell))
		r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		for _, i := range in[min(len(in), o.PerCell):] {
			out[i] = crowded
		}
	}
	return out, nil
}
