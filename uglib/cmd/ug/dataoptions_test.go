package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"urbangraph/uglib/ugdata"
)

// optionsOf returns the options that a command line gives.
func optionsOf(t *testing.T, args ...string) (ugdata.Options, error) {
	t.Helper()
	var f optionFlags
	cmd := &cobra.Command{Use: "x", RunE: func(*cobra.Command, []string) error { return nil }}
	f.register(cmd.Flags())
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	var o ugdata.Options
	err := f.apply(cmd, &o)
	return o, err
}

func TestOptionFlags(t *testing.T) {
	done := filepath.Join(t.TempDir(), "done.txt")
	if err := os.WriteFile(done, []byte("700000000000001\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	processed, err := ugdata.ProcessedFile(done)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args string
		want ugdata.Options
	}{
		{"", ugdata.Options{}},
		{"--subgraph hops --subgraph-hops 3 --subgraph-nodes 500 --subgraph-radius 400 --subgraph-paths", ugdata.Options{Recipe: ugdata.RecipeHops, Hops: 3, Nodes: 500, Radius: 400, WithPaths: true}},
		{"--min-hops 2 --max-hops 5 --min-distance 50 --max-distance 900 --destinations all_nodes", ugdata.Options{MinHops: 2, MaxHops: 5, MinDistance: 50, MaxDistance: 900, Destinations: "all_nodes"}},
		{"--paths-wanted 5 --paths-required 2 --voices 1 --path-share 0.25 --paths grammar", ugdata.Options{Paths: 5, MinPaths: 2, Voices: 1, PathShare: 0.25, PathText: "grammar"}},
		{"--images-per-cell 3 --cell-level 17 --processed " + done, ugdata.Options{PerCell: 3, CellLevel: 17, Processed: processed}},
		{"--block-level 14 --test-share 0.2 --val-share 0.1 --buffer 800", ugdata.Options{BlockLevel: 14, TestShare: 0.2, ValShare: 0.1, Buffer: 800}},
		{"--paths-required 0 --min-distance 0 --images-per-cell 0", ugdata.Options{}},
	} {
		got, err := optionsOf(t, strings.Fields(x.args)...)
		if err != nil || !reflect.DeepEqual(got, x.want) {
			t.Errorf("%s: %+v (%v), want %+v", x.args, got, err, x.want)
		}
	}
	for args, want := range map[string]string{
		"--max-hops 0":                "--max-hops 0 says nothing",
		"--paths=":                    "says nothing",
		"--min-hops 9":                "above MaxHops",
		"--destinations houses":       "no class of nodes",
		"--subgraph soup":             `Recipe is "soup"`,
		"--processed /no/such/file":   "processed views",
		"--paths-required 3":          "MinPaths 3 is above Paths 2",
		"--subgraph-radius -5":        "Radius is -5",
		"--images-per-cell -1":        "PerCell is -1",
		"--min-distance 1500":         "not below MaxDistance",
		"--subgraph-nodes 1000000000": "Nodes is 1000000000",
	} {
		if _, err := optionsOf(t, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", args, err, want)
		}
	}
}

// Every option can be given on the command line: those of this file, and those
// whose flags stand with what they are about.
func TestEveryOptionHasAFlag(t *testing.T) {
	elsewhere := map[string]bool{"Splits": true, "CaptionText": true, "CaptionStyle": true}
	given, err := optionsOf(t, strings.Fields("--subgraph hops --subgraph-hops 3 --subgraph-nodes 500 --subgraph-radius 400 --subgraph-paths --min-hops 2 --max-hops 5 "+
		"--min-distance 50 --max-distance 900 --destinations all --paths-wanted 5 --paths-required 2 --voices 1 --path-share 0.25 --paths grammar --images-per-cell 3 --cell-level 17 "+
		"--block-level 14 --test-share 0.2 --val-share 0.1 --buffer 2000")...)
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(given)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() && name != "Processed" && !elsewhere[name] {
			t.Errorf("no flag sets %s", name)
		}
	}
}

func TestDiversityResult(t *testing.T) {
	data, err := json.Marshal(newDiversityResult(ugdata.Diversity{}))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"unlike":0`) {
		t.Errorf("a diversity of nothing is %s", data)
	}
}
