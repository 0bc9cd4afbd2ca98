package ugdata

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"urbangraph/uglib/city"
)

// citiesDir is the folder of a dataset's own cities.
const citiesDir = "cities"

// WriteFolder writes a dataset that stands alone: its tables, as [Write] does,
// and its cities under cities/. Images are not copied; a path that is relative
// is one in the folder.
func WriteFolder(dir string, d *Dataset) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("ugdata: %w", err)
	}
	for name, c := range d.Cities {
		if !filepath.IsLocal(name) || filepath.Base(name) != name {
			return fmt.Errorf("ugdata: the city %q has a name that cannot be that of a folder", name)
		}
		if err := city.Write(filepath.Join(dir, citiesDir, name), c); err != nil {
			return fmt.Errorf("ugdata: %w", err)
		}
	}
	return Write(dir, d)
}

// OpenFolder opens a dataset that stands alone, such as [WriteFolder] writes,
// wherever its folder lies. Paths of images that are relative become paths in
// it.
func OpenFolder(dir string) (*Dataset, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("ugdata: %w", err)
	}
	d, err := Read(dir)
	if err != nil {
		return nil, err
	}
	for i := range d.Places {
		p := &d.Places[i]
		c, ok := d.Cities[p.City]
		if !ok {
			if c, err = openCity(dir, p.City); err != nil {
				return nil, fmt.Errorf("ugdata: place %d: %w", p.ID, err)
			}
			d.Cities[p.City] = c
		}
		if err := p.within(len(c.Nodes)); err != nil {
			return nil, err
		}
		if image := filepath.FromSlash(p.Image); filepath.IsLocal(image) {
			p.Image = filepath.Join(dir, image)
		}
	}
	return d, nil
}

func openCity(dir, name string) (*city.City, error) {
	if !filepath.IsLocal(name) || filepath.Base(name) != name {
		return nil, fmt.Errorf("it is of the city %q, whose name cannot be that of a folder", name)
	}
	path := filepath.Join(dir, citiesDir, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: it is no dataset that stands alone; export it with format parquet", path)
	}
	return city.Read(path)
}

// within checks that the nodes of a place are those of a city with so many.
func (p *Place) within(nodes int) error {
	bad := func(id city.NodeID) bool { return id < 0 || int(id) >= nodes }
	if len(p.Graph.Nodes) == 0 || p.Graph.Nodes[0] != city.None {
		return fmt.Errorf("ugdata: place %d has a subgraph without its image", p.ID)
	}
	if i := slices.IndexFunc(p.Graph.Nodes[1:], bad); i >= 0 {
		return fmt.Errorf("ugdata: place %d names node %d of a city of %d nodes", p.ID, p.Graph.Nodes[i+1], nodes)
	}
	for _, x := range p.Paths {
		if i := slices.IndexFunc(x.Nodes, bad); i >= 0 {
			return fmt.Errorf("ugdata: a path of place %d names node %d of a city of %d nodes", p.ID, x.Nodes[i], nodes)
		}
	}
	return nil
}
