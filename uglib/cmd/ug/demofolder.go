package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"urbangraph/plots"
)

// What the folder of a demo holds.
const (
	reportName    = "report.html"
	figuresFolder = "figures"
	// markName marks a folder as a demo's, whose files a later one replaces.
	markName = ".ug-demo"
	markText = "The report in this folder is written by \"ug demo\" and replaced by its next run.\n"
)

// claim makes the folder of a demo and marks it. A folder that holds something
// else is an error unless force is set. Nothing in it is removed.
func claim(dir string, force bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--out %s: %w; give another folder", dir, err)
	}
	ours := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == markName })
	if len(entries) > 0 && !ours && !force {
		return fmt.Errorf("--out %s holds files that are not of a demo; give another folder, or --force to write into it", dir)
	}
	err = os.MkdirAll(filepath.Join(dir, figuresFolder), 0o755)
	if err == nil {
		err = writeWhole(filepath.Join(dir, markName), []byte(markText))
	}
	if err != nil {
		return fmt.Errorf("--out %s: %w; give a folder that can be written", dir, err)
	}
	return nil
}

// save writes a figure as PNG and SVG and notes the files. A figure that is
// HTML alone has none.
func (d *demo) save(name string, f plots.Figure) error {
	for _, ext := range []string{".png", ".svg"} {
		file := filepath.Join(figuresFolder, name+ext)
		err := plots.Save(f, filepath.Join(d.out, file))
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if err != nil {
			return err
		}
		d.result.Figures = append(d.result.Figures, filepath.ToSlash(file))
	}
	return nil
}

// dropOldFigures removes the pictures of an earlier demo that this one has not.
func (d *demo) dropOldFigures() error {
	for _, pattern := range []string{"*.png", "*.svg"} {
		files, err := filepath.Glob(filepath.Join(d.out, figuresFolder, pattern))
		if err != nil {
			return err
		}
		for _, file := range files {
			if slices.Contains(d.result.Figures, figuresFolder+"/"+filepath.Base(file)) {
				continue
			}
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeResults writes results.json.
func (d *demo) writeResults() error {
	text, err := json.MarshalIndent(d.result, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(d.out, resultsName), append(text, '\n'))
}
