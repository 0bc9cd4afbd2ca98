package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"urbangraph/uglib/ugdata"
)

func newDataPaths(a *app, flags *dataFlags) *cobra.Command {
	var splits []string
	cmd := &cobra.Command{
		Use:   "paths FILE",
		Short: "Write the reasoning paths as the composer of the UGE reference does (JSONL)",
		Long: "Write every reasoning path of a dataset as a row of the UGE reference's composer: the legend of\n" +
			"the grammar, the path, its summary with the coordinates and the direction of the image, and the\n" +
			"entities on the way. The dataset is that of --paths composed.\n\n" + dataHelp,
		Example: "  ug data paths paths.jsonl\n  ug data paths paths.jsonl --train wilmington=400 --paths-wanted 5 --split train",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := flags.spec(cmd)
			if err != nil {
				return err
			}
			if text := spec.Options.PathText; text != "" && text != "composed" {
				return usagef("--paths %s does not hold what these rows need; leave the flag out", text)
			}
			spec.Options.PathText = "composed"
			var only []ugdata.Split
			for _, s := range splits {
				split := ugdata.Split(s)
				switch split {
				case ugdata.Train, ugdata.Val, ugdata.Test, ugdata.HeldOut, ugdata.Buffer:
					only = append(only, split)
				default:
					return usagef("--split %q is no split; there are train, val, test, heldout and buffer", s)
				}
			}
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			d, err := ugdata.Open(cmd.Context(), spec)
			if err != nil {
				return err
			}
			r := pathsResult{File: path}
			f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
			if err != nil {
				return fmt.Errorf("write %s: %w", path, err)
			}
			defer f.Cleanup()
			if r.Rows, err = ugdata.WriteComposed(cmd.Context(), f, d, only...); err != nil {
				return err
			}
			if err := f.CloseAtomicallyReplace(); err != nil {
				return fmt.Errorf("write %s: %w", path, err)
			}
			diversity, err := d.PathDiversity()
			if err != nil {
				return err
			}
			r.Diversity = newDiversityResult(diversity)
			return a.print(&r, r.write)
		},
	}
	cmd.Flags().StringSliceVar(&splits, "split", nil, "splits to write, `NAME` or a list (default all)")
	return cmd
}

// pathsResult is what "ug data paths" says.
type pathsResult struct {
	File      string          `json:"file"`
	Rows      int             `json:"rows"`
	Diversity diversityResult `json:"diversity"`
}

func (r *pathsResult) write(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "wrote %d rows to %s\n", r.Rows, r.File); err != nil {
		return err
	}
	return r.Diversity.write(w)
}
