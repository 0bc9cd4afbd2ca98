package ugdata

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"urbangraph/uglib/progress"
)

// ComposedRow is a row of a path as the composer of the UGE reference writes
// it: the legend of the grammar, the path, the summary and the entities in one
// user message, and the summary again as the assistant's. The wording of the
// legend and of the facing sentence is our own.
type ComposedRow struct {
	Messages      []Message `json:"messages"`
	Images        string    `json:"images"`
	Graphs        string    `json:"graphs"`
	Summarization string    `json:"summarization"`
	Coordinates   string    `json:"image_coordinates"` // "(lon, lat)" with four decimals
	Node          string    `json:"mapillary_node"`    // id of the view
}

//go:embed legend.txt
var legendFile string

// legend explains the grammar to a model.
var legend = strings.Join(strings.Fields(legendFile), " ")

// Composed returns a path of a place as a row of the reference's composer;
// graph is the path of its graph file. The place's paths must be made with
// PathText "composed": others lack the entities.
func Composed(p *Place, path int, graph string) (ComposedRow, error) {
	if path < 0 || path >= len(p.Paths) {
		return ComposedRow{}, fmt.Errorf("ugdata: place %d has %d paths, so no path %d", p.ID, len(p.Paths), path)
	}
	x := &p.Paths[path]
	if x.Entities == "" {
		return ComposedRow{}, fmt.Errorf("ugdata: the paths of place %d hold no entities; build the dataset with PathText %q", p.ID, textComposed)
	}
	user := GraphTag + ImageTag + legend + " Spatial Reasoning Path: " + x.Text +
		". Based on the spatial context represented in graph and the spatial reasoning path," + x.Summary + entityHead + x.Entities
	return ComposedRow{
		Messages: []Message{{"user", user}, {"assistant", x.Summary}}, Images: p.Image, Graphs: graph, Summarization: x.Summary,
		Coordinates: fmt.Sprintf("(%.4f, %.4f)", p.Pos[0], p.Pos[1]), Node: strconv.FormatInt(p.ID, 10),
	}, nil
}

// entityHead stands before the entities; its words are the reference's.
const entityHead = "\nHere are relevant place entities informations: "

// WriteComposed writes all paths of some splits (of all, if none is named) as
// rows of the reference's composer, one JSON object a line. Rows name graphs as
// [Export] does. It returns how many rows it wrote.
func WriteComposed(ctx context.Context, w io.Writer, d *Dataset, splits ...Split) (int, error) {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	task := progress.Start(ctx, "write paths", len(d.Places))
	defer task.Done()
	rows := 0
	for i := range d.Places {
		p := &d.Places[i]
		task.Add(1)
		if err := ctx.Err(); err != nil {
			return rows, err
		}
		if len(splits) > 0 && !slices.Contains(splits, p.Split) {
			continue
		}
		for j := range p.Paths {
			row, err := Composed(p, j, "graphs/"+strconv.FormatInt(p.ID, 10)+".json")
			if err != nil {
				return rows, err
			}
			if err := enc.Encode(&row); err != nil {
				return rows, fmt.Errorf("ugdata: write paths: %w", err)
			}
			rows++
		}
	}
	return rows, out.Flush()
}
