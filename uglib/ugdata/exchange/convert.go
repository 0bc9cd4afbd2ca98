package exchange

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"urbangraph/uglib/progress"
)

// ConvertGraphs turns every graph file of the reference in a folder and its
// folders (.pkl, .pickle, .json) into the portable JSON form, under the same path
// in another folder. Files that are no graphs are problems in the report, which
// counts graphs and nodes without a position; the error is one of the folders.
func ConvertGraphs(ctx context.Context, dir, out string) (*Report, error) {
	r := &Report{Problems: []Problem{}}
	var files []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(e.Name(), ".") && path != dir && e.IsDir():
			return fs.SkipDir
		case !e.IsDir() && slices.Contains([]string{".pkl", ".pickle", ".json"}, strings.ToLower(filepath.Ext(path))):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("convert graphs: %w", err)
	}
	if len(files) == 0 {
		return r, fmt.Errorf("convert graphs: %s holds no graph file (.pkl, .pickle, .json)", dir)
	}
	task := progress.Start(ctx, "convert graphs", len(files))
	defer task.Done()
	for _, path := range files {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return r, err
		}
		to := filepath.Join(out, strings.TrimSuffix(name, filepath.Ext(name))+".json")
		if err := convert(path, to, r); err != nil {
			r.Problems = append(r.Problems, Problem{File: path, What: err.Error()})
		} else {
			r.Graphs++
		}
		task.Add(1)
	}
	if r.Graphs == 0 {
		return r, fmt.Errorf("convert graphs: none of %d files is a graph; the first: %s", len(files), r.Problems[0].What)
	}
	return r, nil
}

func convert(from, to string, r *Report) error {
	if a, err := filepath.Abs(from); err == nil {
		if b, err := filepath.Abs(to); err == nil && a == b {
			return fmt.Errorf("%s would be written over itself; give another folder", from)
		}
	}
	g, err := readGraphFile(from)
	if err != nil {
		return err
	}
	f, err := g.File(imageIDOf(from))
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	r.Dropped += g.Dropped
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return writeFile(to, func(w io.Writer) error { return f.Write(w) })
}
