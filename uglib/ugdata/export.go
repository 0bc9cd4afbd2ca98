package ugdata

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"urbangraph/uglib/progress"
)

// Export writes the samples as the training files of the UGE reference:
// train_stage1.jsonl, train_stage2.jsonl, val_stage1.jsonl, val_stage2.jsonl,
// and under graphs/ one graph in the portable JSON form for each place that
// they name. Rows name graphs by their path in the folder, images by theirs.
func Export(ctx context.Context, dir string, d *Dataset) error {
	graphs := filepath.Join(dir, "graphs")
	if err := os.MkdirAll(graphs, 0o755); err != nil {
		return fmt.Errorf("ugdata: %w", err)
	}
	task := progress.Start(ctx, "write training files", len(d.Samples))
	defer task.Done()
	rows := map[string][]Row{}
	written := map[int]bool{}
	for i, s := range d.Samples {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := &d.Places[s.Place]
		graph := filepath.ToSlash(filepath.Join("graphs", strconv.FormatInt(p.ID, 10)+".json"))
		if s.Stage == 2 && !written[s.Place] {
			c := d.Cities[p.City]
			if c == nil {
				return fmt.Errorf("ugdata: the city %s of place %d is not open", p.City, p.ID)
			}
			if err := writeFile(filepath.Join(dir, graph), func(f io.Writer) error { return p.File(c).Write(f) }); err != nil {
				return err
			}
			written[s.Place] = true
		}
		name := rowsFile(p.Split, s.Stage)
		rows[name] = append(rows[name], d.Row(i, graph))
		task.Add(1)
	}
	for _, split := range []Split{Train, Val} {
		for stage := 1; stage <= 2; stage++ {
			name := rowsFile(split, stage)
			if err := writeFile(filepath.Join(dir, name), func(f io.Writer) error { return WriteRows(f, rows[name]) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func rowsFile(split Split, stage int) string { return fmt.Sprintf("%s_stage%d.jsonl", split, stage) }
