package city

import (
	"context"
	"fmt"

	"urbangraph/uglib/osm"
	"urbangraph/uglib/store"
)

// Kind is "city".
func (Spec) Kind() string { return "city" }

// Schema is the version of the files and of the rules that make them.
func (Spec) Schema() int { return layoutVersion }

// Inputs is empty: a city is made from an extract, which its checksum names.
func (Spec) Inputs() []store.Spec { return nil }

// Build builds the city and writes it into the artefact's folder.
func (s Spec) Build(ctx context.Context, b *store.Build) error {
	c, err := Build(ctx, s)
	if err != nil {
		return err
	}
	b.Summary("title", c.Title)
	b.Summary("nodes", len(c.Nodes))
	b.Summary("edges", len(c.Edges))
	b.Summary("credit", osm.Credit)
	return Write(b.Dir, c)
}

// Open returns the city from the store that ctx carries, and builds it there
// if it is not in it yet.
func Open(ctx context.Context, s Spec) (*City, error) {
	a, err := store.Get(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("city %s: %w", s.Name, err)
	}
	return Read(a.Dir)
}
