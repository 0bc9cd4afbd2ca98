package exchange

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strconv"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/ugdata"
)

// captionRow is a row of the reference's caption script (UGE reference, SCC
// generation), less the prompt and the time.
type captionRow struct {
	Images      []string   `json:"image_paths"`
	Caption     string     `json:"image_caption"`
	Summary     string     `json:"summarization"`
	Swift       swiftRow   `json:"swift_format"`
	Source      string     `json:"source"` // where the image comes from
	ID          int64      `json:"mapillary_id"`
	Coordinates [2]float64 `json:"coordinates"` // longitude, latitude
	City        string     `json:"city"`
	Heading     float64    `json:"compass_angle"`
}

type swiftRow struct {
	Messages []ugdata.Message `json:"messages"`
	Images   []string         `json:"images"`
	Graphs   []string         `json:"graphs"`
	Label    float64          `json:"label"`
}

// writeCaptions writes the captions of each split but the buffer, and under
// graphs/ the graph of each of their places. Where there is no summary, the
// caption stands for it.
func writeCaptions(ctx context.Context, dir string, d *ugdata.Dataset) error {
	task := progress.Start(ctx, "write captions", len(d.Places))
	defer task.Done()
	for _, split := range ugdata.Splits {
		if split == ugdata.Buffer {
			continue
		}
		err := writeFile(filepath.Join(dir, "captions_"+string(split)+".jsonl"), func(w io.Writer) error {
			out := bufio.NewWriter(w)
			enc := json.NewEncoder(out)
			enc.SetEscapeHTML(false)
			for i := range d.Places {
				p := &d.Places[i]
				if p.Split != split || p.Caption == "" {
					continue
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				graph := "graphs/" + strconv.FormatInt(p.ID, 10) + ".json"
				if err := writeFile(filepath.Join(dir, filepath.FromSlash(graph)), func(w io.Writer) error { return p.File(d.Cities[p.City]).Write(w) }); err != nil {
					return err
				}
				if err := enc.Encode(newCaptionRow(p, graph)); err != nil {
					return err
				}
				task.Add(1)
			}
			return out.Flush()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func newCaptionRow(p *ugdata.Place, graph string) captionRow {
	summary := cmp.Or(p.Summary, p.Caption)
	return captionRow{
		Images: []string{p.Image}, Caption: p.Caption, Summary: summary,
		Swift: swiftRow{
			Messages: []ugdata.Message{
				{Role: "user", Content: ugdata.GraphTag + ugdata.ImageTag + p.Caption + " " + summaryMark + summary},
				{Role: "assistant", Content: summary},
			},
			Images: []string{p.Image}, Graphs: []string{graph}, Label: 1,
		},
		Source: string(p.Origin), ID: p.ID, Coordinates: p.Pos, City: p.City, Heading: float64(p.Heading),
	}
}
