package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/store"
	"urbangraph/uglib/ugbench"
)

// newList is "ug ls".
func newList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Aliases: []string{"list"},
		Short:   "List the artefacts",
		Example: "  ug ls\n  ug ls --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := store.From(cmd.Context())
			if err != nil {
				return err
			}
			list, listErr := s.List() // the sound ones are shown in any case
			unfinished, err := s.Unfinished()
			if err != nil {
				return err
			}
			type listed struct {
				Dir  string `json:"dir"`
				Size int64  `json:"size"`
				store.Manifest
			}
			result := struct {
				Home       string      `json:"home"`
				Artefacts  []listed    `json:"artefacts"`
				Unfinished []store.Ref `json:"unfinished"`
			}{s.Root(), []listed{}, append([]store.Ref{}, unfinished...)}
			for _, art := range list {
				result.Artefacts = append(result.Artefacts, listed{art.Dir, art.Size(), art.Manifest})
			}
			err = a.print(result, func(w io.Writer) error {
				if len(list)+len(unfinished) == 0 {
					_, err := fmt.Fprintf(w, "no artefacts in %s\n", s.Root())
					return err
				}
				var rows [][]string
				for _, art := range list {
					m := art.Manifest
					rows = append(rows, []string{
						m.Kind, m.Key[:8], m.Created.Local().Format("2006-01-02 15:04"),
						seconds(m.Seconds), bytes(art.Size()), summary(m.Summary),
					})
				}
				for _, ref := range unfinished {
					rows = append(rows, []string{ref.Kind, ref.Key[:8], "", "", "", "unfinished: being built, or interrupted"})
				}
				return ugbench.WriteText(w, []string{"Kind", "Key", "Created", "Built in", "Size", "Facts"}, rows)
			})
			if err != nil {
				return err
			}
			return listErr
		},
	}
}

// summary writes the facts of a manifest in one line.
func summary(facts map[string]any) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(facts)) {
		if text := factText(facts[k]); len(text) < 40 {
			parts = append(parts, k+" "+text)
		}
	}
	line := strings.Join(parts, ", ")
	if runes := []rune(line); len(runes) > 100 {
		line = string(runes[:99]) + "…"
	}
	return line
}

func factText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return fmt.Sprintf("%.6g", v)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

// newShow is "ug show".
func newShow(a *app) *cobra.Command {
	var verify bool
	cmd := &cobra.Command{
		Use:     "show KEY",
		Short:   "Show what an artefact is, holds and was made from",
		Long:    "Show an artefact by its key, or the first digits of it, with or without the kind before it.",
		Example: "  ug show 3f2a\n  ug show city/3f2a --verify",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := store.From(cmd.Context())
			if err != nil {
				return err
			}
			art, err := s.Find(args[0])
			if err != nil {
				return err
			}
			if verify {
				if err := art.Verify(); err != nil {
					return err
				}
			}
			result := struct {
				Dir      string         `json:"dir"`
				Size     int64          `json:"size"`
				Verified bool           `json:"verified"`
				Manifest store.Manifest `json:"manifest"`
			}{art.Dir, art.Size(), verify, art.Manifest}
			return a.print(result, func(w io.Writer) error { return showText(w, art, verify) })
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "read all files and compare their checksums")
	return cmd
}

func showText(w io.Writer, art *store.Artefact, verified bool) error {
	m := art.Manifest
	var f facts
	f.add("artefact", "%s (schema %d)", art.Ref(), m.Schema)
	f.add("folder", "%s", art.Dir)
	f.add("created", "%s in %s", m.Created.Local().Format("2006-01-02 15:04:05"), seconds(m.Seconds))
	f.add("code", "%s", m.Code)
	for _, in := range m.Inputs {
		f.add("made from", "%s", in)
	}
	for _, k := range slices.Sorted(maps.Keys(m.Summary)) {
		f.add(k, "%s", factText(m.Summary[k]))
	}
	spec, err := json.Marshal(m.Spec)
	if err != nil {
		return err
	}
	f.add("spec", "%s", spec)
	checked := ""
	if verified {
		checked = ", all as their checksums say"
	}
	f.add("files", "%d, %s%s", len(m.Files), bytes(art.Size()), checked)
	const most = 20
	for i, file := range m.Files {
		if i == most {
			f.add("", "… and %d more (all with --json)", len(m.Files)-most)
			break
		}
		f.add("", "%s, %s, SHA-256 %s", file.Name, bytes(file.Size), file.SHA256[:min(12, len(file.SHA256))])
	}
	return f.write(w)
}

// newRemove is "ug rm".
func newRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "rm KEY...",
		Short: "Remove artefacts",
		Long: `Remove artefacts by their keys, or the first digits of them, with or without the kind
before them. Damaged and interrupted ones can be removed too; what was made from a removed
artefact stays. What is needed again is built again.`,
		Example: "  ug rm 3f2a\n  ug rm views/91c0 dataset/07",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := store.From(cmd.Context())
			if err != nil {
				return err
			}
			for _, ref := range args {
				if err := s.Remove(ref); err != nil {
					return err
				}
			}
			return a.print(map[string][]string{"removed": args}, func(w io.Writer) error {
				_, err := fmt.Fprintln(w, "removed", strings.Join(args, ", "))
				return err
			})
		},
	}
}
