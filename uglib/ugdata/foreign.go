package ugdata

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/paulmach/orb"
	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/city"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/streetview/imagehash"
	"urbangraph/uglib/ugdata/nxpickle"
)

// OpenForAudit reads a dataset that was made elsewhere, with the splits that it
// has, as far as [Dataset.Audit] compares it: a folder that [OpenFolder] opens,
// or training files of the UGE reference (*.jsonl) with the graphs that they name
// (portable JSON or pickles of NetworkX). The split of a row is its own or the
// beginning of the name of its file ("train", "val", "test", "heldout"); rows
// with one image, or of one place id, are one place. Where a place stands is
// taken from the middle of its graph. Package exchange makes datasets of such
// files that can be trained on.
func OpenForAudit(ctx context.Context, dir string) (*Dataset, error) {
	if _, err := os.Stat(filepath.Join(dir, placesTable)); err == nil {
		if _, err := os.Stat(filepath.Join(dir, citiesDir)); err != nil {
			return Read(dir) // without its cities
		}
		return OpenFolder(dir)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("ugdata: %w", err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Base(f) == skippedFile })
	if len(files) == 0 {
		return nil, fmt.Errorf("ugdata: %s holds neither %s nor training files (*.jsonl)", dir, placesTable)
	}
	in := &importer{dir: dir, dataset: &Dataset{Cities: map[string]*city.City{}}, places: map[string]int{}, graphs: map[string]bool{}, nodes: map[importedNode]city.NodeID{}}
	task := progress.Start(ctx, "read training files", len(files))
	defer task.Done()
	for _, file := range files {
		if err := in.file(ctx, file); err != nil {
			return nil, err
		}
		task.Add(1)
	}
	if len(in.city.Nodes) > 0 {
		in.city.Name = importedCity
		in.dataset.Cities[importedCity] = &in.city
	}
	return in.dataset, nil
}

// importedCity is the name of the nodes of all imported graphs together.
const importedCity = "imported"

type importer struct {
	dir     string
	dataset *Dataset
	places  map[string]int  // by split, and id or image
	graphs  map[string]bool // read, by path
	city    city.City
	nodes   map[importedNode]city.NodeID
}

// importedNode tells a node of one graph from those of others: ids count anew
// in each city.
type importedNode struct {
	id   int64
	at   [2]float64
	text string
}

var splitName = regexp.MustCompile(`^(train|val|test|heldout)`)

func (in *importer) file(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("ugdata: %w", err)
	}
	defer f.Close()
	rows, err := ReadRows(bufio.NewReader(f))
	if err != nil {
		return fmt.Errorf("%w (in %s)", err, path)
	}
	split := Split(splitName.FindString(filepath.Base(path)))
	for i := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := in.row(&rows[i], split); err != nil {
			return fmt.Errorf("ugdata: %s, row %d: %w", path, i+1, err)
		}
	}
	return nil
}

func (in *importer) row(r *Row, split Split) error {
	if r.Split != "" {
		split = r.Split
	}
	if split == "" {
		return errors.New("nothing says its split; give the file a name that begins with train, val, test or heldout")
	}
	name := ""
	if len(r.Images) > 0 {
		name = in.under(r.Images[0])
	}
	key := fmt.Sprintf("%s %d %s", split, r.PlaceID, name)
	at, ok := in.places[key]
	if !ok {
		at = len(in.dataset.Places)
		in.places[key] = at
		id := r.PlaceID
		if id == 0 {
			id = -1 - int64(at) // no id is another's
		}
		in.dataset.Places = append(in.dataset.Places, Place{ID: id, City: importedCity, Split: split, Image: name})
	}
	s, err := r.Sample(at)
	if err != nil {
		return err
	}
	p := &in.dataset.Places[at]
	if r.Kind == SRP || r.Kind == "" && strings.Contains(s.Positive, " -> ") {
		p.Paths = append(p.Paths, Path{Plain: s.Positive})
	} else if p.Caption == "" || p.Caption == s.Positive {
		p.Caption = s.Positive
	} else {
		p.Summary = s.Positive
	}
	if split == Train || split == Val {
		in.dataset.Samples = append(in.dataset.Samples, s)
	}
	if len(r.Graphs) > 0 && len(p.Graph.Nodes) == 0 {
		return in.graph(p, in.under(r.Graphs[0]))
	}
	return nil
}

// under returns a path that a row names, which counts from the folder.
func (in *importer) under(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(in.dir, filepath.FromSlash(path))
}

// graph reads the subgraph of a place. A graph file that is not there leaves
// the place without.
func (in *importer) graph(p *Place, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	data := bufio.NewReader(f)
	var g GraphFile
	if head, _ := data.Peek(2); nxpickle.Is(head) {
		g, err = readPickle(data)
	} else {
		g, err = ReadGraph(data)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	place := map[int64]int32{g.Center: 0}
	p.Graph.Nodes = []city.NodeID{city.None}
	for _, n := range g.Nodes {
		if n.ID == g.Center {
			p.Pos = n.Coords
			continue
		}
		place[n.ID] = int32(len(p.Graph.Nodes))
		p.Graph.Nodes = append(p.Graph.Nodes, in.node(n))
	}
	for _, e := range g.Edges {
		t, err := city.ParseEdgeType(e.Type)
		if err != nil {
			continue // an edge of a kind that is not known here compares with none
		}
		p.Graph.Edges = append(p.Graph.Edges, SubEdge{From: place[e.Source], To: place[e.Target], Type: t})
	}
	return nil
}

// node returns the node of the imported city that a graph's node is. Only what
// is said to be a crossing or a place counts as a point.
func (in *importer) node(n GraphNode) city.NodeID {
	key := importedNode{n.ID, n.Coords, n.Text}
	id, ok := in.nodes[key]
	if !ok {
		id = city.NodeID(len(in.city.Nodes))
		in.nodes[key] = id
		x := city.Node{OSM: n.ID, Kind: city.Street, Name: nodeName(n.Text)}
		if kind, err := city.ParseKind(n.Kind); err == nil {
			x.Kind = kind
		}
		if x.Kind == city.POI || x.Kind == city.Crossing {
			x.Geometry = orb.Point(n.Coords)
		}
		in.city.Nodes = append(in.city.Nodes, x)
	}
	return id
}

// readPickle reads a graph that the reference wrote. Its middle is the node that
// is named as such, or the one whose text says that it is an image; nodes do not
// say their class.
func readPickle(r io.Reader) (GraphFile, error) {
	var g GraphFile
	file, err := nxpickle.Read(r, nxpickle.Limits{})
	if err != nil {
		return g, err
	}
	if len(file.Centers) > 0 {
		g.Center, _ = file.Centers[0].(int64)
	}
	for _, n := range file.Graph.Nodes {
		id, ok := n.ID.(int64)
		if !ok {
			continue
		}
		x := GraphNode{ID: id, Text: n.Attrs.Text("node_text")}
		if at, ok := n.Attrs.Get("coords"); ok {
			if pair, ok := at.(nxpickle.Tuple); ok && len(pair) == 2 {
				lon, lonOK := nxpickle.Float(pair[0])
				lat, latOK := nxpickle.Float(pair[1])
				if lonOK && latOK {
					x.Coords = [2]float64{lon, lat}
				}
			}
		}
		if len(file.Centers) == 0 && strings.HasPrefix(x.Text, "Name: mapillary image") {
			g.Center = id
		}
		g.Nodes = append(g.Nodes, x)
	}
	return g, nil
}

// nodeName takes the name from a node text of the reference.
func nodeName(text string) string {
	rest, ok := strings.CutPrefix(text, "Name: ")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, ", ID: ")
	if name == "nan" {
		return ""
	}
	return name
}

// HashImages reads the image files of places that lack a checksum or a
// perceptual hash, on all cores, and fills them in; a file that is not there or
// no image leaves its place without.
func (d *Dataset) HashImages(ctx context.Context) error {
	var mu sync.Mutex
	files := map[string][]int{}
	for i := range d.Places {
		if p := &d.Places[i]; p.Image != "" && (p.ImageSHA256 == "" || p.ImageHash == 0) {
			files[p.Image] = append(files[p.Image], i)
		}
	}
	if len(files) == 0 {
		return nil
	}
	task := progress.Start(ctx, "read images", len(files))
	defer task.Done()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for file, at := range files {
		g.Go(func() error {
			defer task.Add(1)
			if err := ctx.Err(); err != nil {
				return err
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return nil
			}
			sum := sha256.Sum256(data)
			var hash imagehash.Hash
			if img, _, err := image.Decode(bytes.NewReader(data)); err == nil {
				hash = imagehash.Of(img)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, i := range at {
				d.Places[i].ImageSHA256, d.Places[i].ImageHash = hex.EncodeToString(sum[:]), hash
			}
			return nil
		})
	}
	return g.Wait()
}
