package ugdata

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/renameio/v2"

	"urbangraph/uglib/progress"
)

// Export writes the samples as the training files of the UGE reference:
// train_stage1.jsonl, train_stage2.jsonl, val_stage1.jsonl, val_stage2.jsonl,
// and under graphs/ one graph in the portable JSON form for each place that
// they name. Rows name graphs by their path in the folder, images by theirs.
// Package exchange writes other formats too.
func Export(ctx context.Context, dir string, d *Dataset) error {
	if err := os.MkdirAll(filepath.Join(dir, "graphs"), 0o755); err != nil {
		return fmt.Errorf("ugdata: %w", err)
	}
	files := map[string]*rowFile{}
	defer func() {
		for _, f := range files {
			f.drop()
		}
	}()
	for _, split := range []Split{Train, Val} {
		for stage := 1; stage <= 2; stage++ {
			f, err := newRowFile(filepath.Join(dir, rowsFile(split, stage)))
			if err != nil {
				return err
			}
			files[rowsFile(split, stage)] = f
		}
	}
	task := progress.Start(ctx, "write training files", len(d.Samples))
	defer task.Done()
	written := map[int]bool{}
	for i, s := range d.Samples {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := &d.Places[s.Place]
		graph := "graphs/" + strconv.FormatInt(p.ID, 10) + ".json"
		if s.Stage == 2 && !written[s.Place] {
			c := d.Cities[p.City]
			if c == nil {
				return fmt.Errorf("ugdata: the city %s of place %d is not open", p.City, p.ID)
			}
			if err := writeFile(filepath.Join(dir, filepath.FromSlash(graph)), func(f io.Writer) error { return p.File(c).Write(f) }); err != nil {
				return err
			}
			written[s.Place] = true
		}
		f, ok := files[rowsFile(p.Split, s.Stage)]
		if !ok {
			return fmt.Errorf("ugdata: sample %d is of stage %d and a place of split %s; there are stages 1 and 2 of train and val", i, s.Stage, p.Split)
		}
		row := d.Row(i, graph)
		if err := f.rows.Encode(&row); err != nil {
			return fmt.Errorf("ugdata: sample %d: %w", i, err)
		}
		task.Add(1)
	}
	for _, f := range files {
		if err := f.close(); err != nil {
			return err
		}
	}
	return nil
}

func rowsFile(split Split, stage int) string { return fmt.Sprintf("%s_stage%d.jsonl", split, stage) }

// rowFile is a file of rows that appears when it is whole.
type rowFile struct {
	file *renameio.PendingFile
	out  *bufio.Writer
	rows *json.Encoder
}

func newRowFile(path string) (*rowFile, error) {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return nil, fmt.Errorf("ugdata: %w", err)
	}
	r := &rowFile{file: f, out: bufio.NewWriter(f)}
	r.rows = json.NewEncoder(r.out)
	r.rows.SetEscapeHTML(false)
	return r, nil
}

func (r *rowFile) close() error {
	if err := errors.Join(r.out.Flush(), r.file.CloseAtomicallyReplace()); err != nil {
		return fmt.Errorf("ugdata: %w", err)
	}
	return nil
}

// drop removes what was not closed; after close it does nothing.
func (r *rowFile) drop() { _ = r.file.Cleanup() }
