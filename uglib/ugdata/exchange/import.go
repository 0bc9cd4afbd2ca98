package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// ImportOptions say how [Import] reads.
type ImportOptions struct {
	// City names the city of rows that name none. Default: "imported", and
	// "imported-2" and so on where places lie farther apart than a city is wide.
	City string
	// Roots are further folders in which images and graphs are looked for, where
	// they are not in the folder itself: by the path that a row has, then by the
	// name of the file.
	Roots []string
	// WithoutImages keeps places whose image file is not found. Else they are
	// listed in the dataset as skipped.
	WithoutImages bool
	HeldOut       []string // cities that training never sees
	Options       ugdata.Options
	Seed          uint64 // of splits and instructions
}

// Import makes a dataset of a folder of the reference's files: all files of JSON
// lines in it and in its folders, of whatever forms (see [Form]), with the graphs
// and images that they name. Each image becomes a place; its graph, the first
// that a row names, becomes its subgraph in a city that is grown of all graphs;
// captions and paths become its texts; pairs become samples as they are. Then the
// places get splits, see [ugdata.Dataset.Deal], the buffer, where the options give
// none, being twice as wide as the widest subgraph reaches; the reference's own
// split of rows at random is not kept.
//
// What cannot be read is listed in the report, and the rest is read. It is an
// error if nothing is left.
func Import(ctx context.Context, dir string, o ImportOptions) (*ugdata.Dataset, *Report, error) {
	m := &importer{o: o, report: &Report{Problems: []Problem{}}, places: map[string]*anchor{}, images: map[int64]Record{}}
	if o.City != "" && !cityName.MatchString(o.City) {
		return nil, m.report, fmt.Errorf("import: the city %q is to be called by small letters, digits and hyphens, such as \"new-york\"", o.City)
	}
	if err := m.look(dir); err != nil {
		return nil, m.report, fmt.Errorf("import: %w", err)
	}
	if err := m.rows(ctx); err != nil {
		return nil, m.report, fmt.Errorf("import: %w", err)
	}
	d, err := m.dataset(ctx)
	if err == nil {
		if o.Options.Buffer == 0 {
			o.Options.Buffer = m.buffer(d)
		}
		err = d.Deal(o.Options, o.Seed, o.HeldOut...)
	}
	if err != nil {
		return nil, m.report, fmt.Errorf("import %s: %w", dir, err)
	}
	return d, m.report, nil
}

// buffer is what keeps the subgraphs of two splits apart.
func (m *importer) buffer(d *ugdata.Dataset) geo.Metres {
	var reach geo.Metres
	for i := range d.Places {
		p := &d.Places[i]
		reach = max(reach, p.Graph.Reach(d.Cities[p.City], p.Pos))
	}
	if m.o.Options.Radius > 0 {
		reach = max(reach, m.o.Options.Radius)
	}
	return 2 * max(reach, 150)
}

var cityName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// importer gathers places from rows.
type importer struct {
	o      ImportOptions
	report *Report
	rowed  []string // files of JSON lines
	found  finder
	places map[string]*anchor
	order  []*anchor
	images map[int64]Record // metadata by image
}

// anchor is a place under way.
type anchor struct {
	id       int64
	city     string
	at       *orb.Point
	heading  *float64
	image    string // as the first row names it
	graph    string
	where    string // file and line of the row that names the graph
	caption  string
	summary  string
	paths    []ugdata.Path
	ways     [][]int64
	samples  []ugdata.Sample
	origin   streetview.Origin
	subgraph ugdata.Subgraph
}

func (m *importer) problem(file string, line int, err error) {
	m.report.Problems = append(m.report.Problems, Problem{file, line, err.Error()})
}

// look finds the files of a folder.
func (m *importer) look(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is a file; give the folder that holds the reference's files", dir)
	}
	for i, root := range append([]string{dir}, m.o.Roots...) {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if strings.HasPrefix(e.Name(), ".") && path != root {
				if e.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if e.IsDir() {
				return nil
			}
			switch strings.ToLower(filepath.Ext(path)) {
			case ".jsonl", ".ndjson":
				if i == 0 && e.Name() != "skipped.jsonl" { // what a dataset of ours lacks
					m.rowed = append(m.rowed, path)
				}
			case ".jpg", ".jpeg", ".png", ".webp", ".pkl", ".pickle", ".json":
				m.found.add(path)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(m.rowed) == 0 {
		return fmt.Errorf("%s holds no file of JSON lines (.jsonl); graphs alone are turned into JSON by ConvertGraphs (ug data import --graphs-only)", dir)
	}
	m.found.roots = append([]string{dir}, m.o.Roots...)
	return nil
}

// rows reads all lines.
func (m *importer) rows(ctx context.Context) error {
	task := progress.Start(ctx, "read rows", len(m.rowed))
	defer task.Done()
	for _, path := range m.rowed {
		report := FileReport{File: path, Rows: map[Form]int{}}
		if err := m.file(ctx, path, &report); err != nil {
			return err
		}
		m.report.Files = append(m.report.Files, report)
		task.Add(1)
	}
	return nil
}

func (m *importer) file(ctx context.Context, path string, report *FileReport) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for r, err := range Records(f, path) {
		if ctxErr := ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		if err == nil {
			report.Rows[r.Form]++
			err = m.record(r)
		}
		if err != nil {
			m.problem(path, r.Line, err)
		}
	}
	return nil
}

// record takes what a line says to its place.
func (m *importer) record(r Record) error {
	switch r.Form {
	case Checkpoint:
		return nil
	case Image:
		m.images[r.ImageID] = r
		return nil
	}
	a, err := m.place(r)
	if err != nil {
		return fmt.Errorf("%s:%d: %w", r.File, r.Line, err)
	}
	if len(r.Row.Graphs) > 0 && a.graph == "" {
		a.graph, a.where = r.Row.Graphs[0], fmt.Sprintf("%s:%d", r.File, r.Line)
	}
	switch {
	case r.Form == Pair:
		s, err := r.Row.Sample(0)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", r.File, r.Line, err)
		}
		if s.Kind == "" {
			s.Kind = kindOf(s.Positive)
		}
		a.samples = append(a.samples, s)
		m.report.Samples++
		if s.Kind == ugdata.SCC && a.caption == "" {
			a.caption = s.Positive
		}
	case r.Path != nil:
		r.Path.Plain = cmp.Or(r.Path.Summary, r.Path.Text)
		if !slices.ContainsFunc(a.paths, func(p ugdata.Path) bool { return p.Text == r.Path.Text }) {
			a.paths, a.ways = append(a.paths, *r.Path), append(a.ways, r.Way)
		}
	default:
		a.caption, a.summary = cmp.Or(a.caption, r.Caption, r.Summary), cmp.Or(a.summary, r.Summary)
	}
	return nil
}

// kindOf tells texts of paths from captions: they reach something.
func kindOf(text string) ugdata.PairKind {
	lower := strings.ToLower(text)
	for _, sign := range []string{"you can reach", "can reach ", " -> ", "from the current location shown"} {
		if strings.Contains(lower, sign) {
			return ugdata.SRP
		}
	}
	return ugdata.SCC
}

// place finds the place of a row, by its image.
func (m *importer) place(r Record) (*anchor, error) {
	image := ""
	if len(r.Row.Images) > 0 {
		image = r.Row.Images[0]
	}
	id := r.ImageID
	if id == 0 {
		id = imageIDOf(image)
	}
	if id == 0 && image == "" && len(r.Row.Graphs) > 0 {
		id = imageIDOf(r.Row.Graphs[0])
	}
	key := fmt.Sprint(id)
	switch {
	case id != 0:
	case image != "":
		key = image
		h := fnv.New64a()
		h.Write([]byte(filepath.ToSlash(image)))
		id = int64(1e15 + h.Sum64()%9e15) // as files of a photo folder get theirs
	default:
		return nil, errors.New("the row names no image: it has neither mapillary_node nor images")
	}
	a := m.places[key]
	if a == nil {
		a = &anchor{id: id, origin: streetview.Photo}
		m.places[key] = a
		m.order = append(m.order, a)
	}
	a.image = cmp.Or(a.image, image)
	a.city = cmp.Or(a.city, cityKey(r.City), cityOfFile(r.File))
	if a.at == nil {
		a.at = r.Position
	}
	if a.heading == nil {
		a.heading = r.Heading
	}
	return a, nil
}

// dataset makes places of what was gathered, reads their graphs and grows the
// cities.
func (m *importer) dataset(ctx context.Context) (*ugdata.Dataset, error) {
	d := &ugdata.Dataset{Cities: map[string]*city.City{}}
	loaded := make([]*Graph, len(m.order))
	task := progress.Start(ctx, "read graphs", len(m.order))
	defer task.Done()
	for i, a := range m.order {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m.complete(a)
		loaded[i] = m.graph(a)
		task.Add(1)
	}
	m.nameCities()
	towns := map[string]*town{}
	points := map[string][]orb.Point{}
	for i, a := range m.order {
		file, err := m.found.find(a.image)
		if err != nil && !m.o.WithoutImages || a.at == nil {
			m.skip(d, a, err)
			continue
		}
		t := towns[a.city]
		if t == nil {
			t = newTown(a.city)
			towns[a.city] = t
		}
		a.subgraph = ugdata.Subgraph{Nodes: []city.NodeID{city.None}}
		if g := loaded[i]; g != nil {
			if a.subgraph, err = t.add(g, a.id); err != nil {
				m.problem(a.graph, 0, fmt.Errorf("%s: %s: %w", a.where, a.graph, err))
				a.subgraph = ugdata.Subgraph{Nodes: []city.NodeID{city.None}}
			}
		}
		points[a.city] = append(points[a.city], *a.at)
		p := m.finish(a, t, cmp.Or(file, a.image))
		if file != "" {
			if p.ImageSHA256, err = fileSum(file); err != nil {
				return nil, err
			}
		}
		d.Places = append(d.Places, p)
		for _, s := range a.samples {
			s.Place = len(d.Places) - 1
			s.PlaceKey = ugdata.PlaceKey(&d.Places[s.Place])
			d.Samples = append(d.Samples, s)
		}
	}
	m.report.Places, m.report.Skipped = len(d.Places), len(d.Skipped)
	if len(d.Places) == 0 {
		return nil, m.nothing(d)
	}
	for _, name := range slices.Sorted(maps.Keys(towns)) {
		if err := towns[name].close(points[name]); err != nil {
			return nil, err
		}
		d.Cities[name] = towns[name].city
		m.report.Others += towns[name].others
	}
	return d, nil
}

// nothing says why no place is left.
func (m *importer) nothing(d *ugdata.Dataset) error {
	if len(m.report.Problems) > 0 {
		return fmt.Errorf("no row can be used; the first of %d problems: %s", len(m.report.Problems), m.report.Problems[0].What)
	}
	if len(d.Skipped) > 0 {
		s := d.Skipped[0]
		return fmt.Errorf("none of %d places can be used; the first, image %d: %s, %s; give further folders of images and graphs, or keep places without images", len(d.Skipped), s.View, s.Reason, s.Detail)
	}
	return errors.New("the files hold no row of a place")
}

// complete adds what the metadata know of an image.
func (m *importer) complete(a *anchor) {
	r, ok := m.images[a.id]
	if !ok {
		return
	}
	if r.Position != nil {
		a.at = r.Position // with all digits, where rows have four
	}
	if a.heading == nil {
		a.heading = r.Heading
	}
	a.city = cmp.Or(cityKey(r.City), a.city)
	a.origin = streetview.FromMapillary
}

// graph reads the graph of a place; a place without one keeps its texts.
func (m *importer) graph(a *anchor) *Graph {
	if a.graph == "" {
		return nil
	}
	file, err := m.found.find(a.graph)
	if err != nil {
		m.problem(a.graph, 0, fmt.Errorf("%s: %w", a.where, err))
		return nil
	}
	g, err := readGraphFile(file)
	if err != nil {
		m.problem(file, 0, fmt.Errorf("%s: %w", a.where, err))
		return nil
	}
	m.report.Graphs++
	m.report.Dropped += g.Dropped
	center, err := g.around(a.id)
	if err != nil {
		return g // adding it says so
	}
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.ID == center && a.at == nil {
			a.at = &n.At
		}
	}
	return g
}

// skip lists a place that cannot be one.
func (m *importer) skip(d *ugdata.Dataset, a *anchor, err error) {
	s := ugdata.Skipped{City: a.city, View: a.id, Image: a.image}
	if a.at == nil {
		s.Reason, s.Detail = ugdata.BadPosition, "neither a row nor a graph nor metadata say where it stands"
	} else {
		s.Reason, s.Detail = ugdata.NoImage, err.Error()
	}
	d.Skipped = append(d.Skipped, s)
}

// finish makes the place.
func (m *importer) finish(a *anchor, t *town, image string) ugdata.Place {
	p := ugdata.Place{
		ID: a.id, City: a.city, Pos: *a.at, Image: image, Origin: a.origin, Graph: a.subgraph,
		Caption: a.caption, Summary: a.summary, Paths: a.paths,
	}
	if a.caption != "" {
		p.CaptionBy = ugdata.ByModel
	}
	if a.heading != nil {
		p.Heading = geo.Bearing(math.Mod(math.Mod(*a.heading, 360)+360, 360))
	}
	for i := range p.Paths {
		x := &p.Paths[i]
		x.Destination = city.None
		if x.Nodes, x.Line = t.walk(a.ways[i], a.id); len(x.Nodes) > 0 {
			x.Destination = x.Nodes[len(x.Nodes)-1]
			x.Line = append(orb.LineString{p.Pos}, x.Line...)
		}
	}
	return p
}
