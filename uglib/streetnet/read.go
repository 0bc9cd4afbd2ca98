package streetnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/osm/extract"
)

// Options say which network is made. The zero value is OSMnx's: all ways,
// simplified, with all components.
type Options struct {
	Network  Filter
	Raw      bool       // every vertex of a way is a node
	Bound    *orb.Bound // only nodes inside this box, and edges between them; nil for the whole extract
	BothWays bool       // take no street for one-way; a Walk network never does
	Largest  bool       // only the largest weakly connected component
	// KeepRings keeps components that are one ring that nothing meets. OSMnx
	// removes them when it simplifies.
	KeepRings bool
	// Differ names tags at whose change a node is kept (edge_attrs_differ of
	// OSMnx). pyrosm's is maxspeed and highway.
	Differ []string
	// WayTags and NodeTags are the tags to keep; nil for those that OSMnx calls
	// useful, [UsefulWayTags] and [UsefulNodeTags].
	WayTags, NodeTags []string
}

// UsefulWayTags are the tags of ways that OSMnx keeps (settings.useful_tags_way).
var UsefulWayTags = []string{
	"access", "area", "bridge", "est_width", "highway", "junction", "landuse", "lanes", "maxspeed", "name", "oneway",
	"ref", "service", "tunnel", "width",
}

// UsefulNodeTags are the tags of nodes that OSMnx keeps (settings.useful_tags_node).
var UsefulNodeTags = []string{"highway", "junction", "railway", "ref"}

// ErrNoStreets says that the network would be empty.
var ErrNoStreets = errors.New("no streets")

// Read returns the street network of an extract.
//
// It takes about 16 bytes for each node of the extract within the box, and what
// the network holds. A network without an edge is [ErrNoStreets].
func Read(ctx context.Context, src osm.Source, o Options) (*Network, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	path, err := src.Locate()
	if err != nil {
		return nil, err
	}
	r := newReader(o)
	if err := extract.Scan(ctx, path, extract.Handler{Node: r.node, Way: r.way}); err != nil {
		return nil, err
	}
	n, err := r.network()
	if err != nil {
		return nil, fmt.Errorf("extract %s: %w", path, err)
	}
	if len(n.Edges) == 0 {
		return nil, fmt.Errorf("%w of the network %q in extract %s (%d of %d ways with a highway tag were left out)%s",
			ErrNoStreets, o.Network, path, n.Report.LeftOut, n.Report.Ways, inBox(o.Bound))
	}
	return n, nil
}

func (o *Options) check() error {
	if o.Bound != nil && (o.Bound.IsEmpty() || o.Bound.Min == o.Bound.Max) {
		return fmt.Errorf("bounding box %s is empty; give west,south,east,north in degrees", geo.FormatBound(*o.Bound))
	}
	kept := o.WayTags
	if kept == nil {
		kept = UsefulWayTags
	}
	for _, key := range o.Differ {
		if key != "osmid" && key != "oneway" && !slices.Contains(kept, key) {
			return fmt.Errorf("tag %q is not among the tags that are kept (%s), so that no node can be kept where it changes", key, strings.Join(kept, ", "))
		}
	}
	return nil
}

func inBox(b *orb.Bound) string {
	if b == nil {
		return ""
	}
	return " within the box " + geo.FormatBound(*b)
}

// reader collects what a network is made of.
type reader struct {
	options Options
	places  extract.Locations
	tagged  map[int64]Tags // of nodes
	ways    []Way
	ends    []int   // ways[i] runs through refs[ends[i-1]:ends[i]]
	refs    []int64 // ids of nodes, in the direction of travel of one-way streets
	report  Report
}

func newReader(o Options) *reader {
	if o.WayTags == nil {
		o.WayTags = UsefulWayTags
	}
	if o.NodeTags == nil {
		o.NodeTags = UsefulNodeTags
	}
	o.BothWays = o.BothWays || o.Network.bothWays()
	return &reader{options: o, tagged: map[int64]Tags{}}
}

func (r *reader) node(id int64, at orb.Point, tags extract.Tags) {
	if !extract.OnEarth(at) || r.options.Bound != nil && !r.options.Bound.Contains(at) {
		return
	}
	r.places.Add(id, at)
	if kept := choose(tags, r.options.NodeTags); kept != nil {
		r.tagged[id] = kept
	}
}

// choose returns the tags with one of the keys, nil if there are none.
func choose(tags extract.Tags, keys []string) Tags {
	var out Tags
	if tags.Len() == 0 {
		return nil
	}
	for _, k := range keys {
		if v := tags.Get(k); v != "" {
			if out == nil {
				out = Tags{}
			}
			out[k] = v
		}
	}
	return out
}

func (r *reader) way(id int64, nodes []int64, tags extract.Tags) {
	if tags.Get("highway") == "" {
		return
	}
	r.report.Ways++
	if !r.options.Network.takes(tags) {
		r.report.LeftOut++
		return
	}
	from := len(r.refs)
	for _, n := range nodes {
		if len(r.refs) == from || r.refs[len(r.refs)-1] != n {
			r.refs = append(r.refs, n)
		}
	}
	oneway, against := direction(tags)
	if r.options.BothWays {
		oneway = false
	}
	if oneway && against {
		slices.Reverse(r.refs[from:])
	}
	r.ways = append(r.ways, Way{ID: id, Oneway: oneway, Tags: choose(tags, r.options.WayTags)})
	r.ends = append(r.ends, len(r.refs))
}

// direction returns whether a street is one-way, and whether it is so against
// the order of its nodes (osmnx.graph._add_paths).
func direction(tags extract.Tags) (oneway, against bool) {
	switch tags.Get("oneway") {
	case "yes", "true", "1", "F":
		return true, false
	case "-1", "reverse", "T":
		return true, true
	}
	return tags.Get("junction") == "roundabout", false
}

// network makes the graph once all places are known.
func (r *reader) network() (*Network, error) {
	r.places.Sort()
	g := r.graph()
	n := &Network{Ways: r.ways, Filter: r.options.Network, Raw: r.options.Raw}
	r.report.Vertices, r.report.Segments = len(g.at), len(g.arcs)
	if r.options.Largest {
		r.report.Elsewhere = g.largest()
	}
	if r.options.Raw {
		n.Edges = g.straight()
	} else {
		var err error
		if n.Edges, err = g.simplify(r.options.Differ); err != nil {
			return nil, err
		}
	}
	n.Nodes = make([]Node, len(g.at))
	for i, place := range g.at {
		id := r.places.ID(int(place))
		n.Nodes[i] = Node{ID: id, At: r.places.Point(int(place)), Tags: r.tagged[id]}
	}
	n.Report = r.report
	if !r.options.Raw && !r.options.KeepRings {
		n.removeRings(r.options.Differ)
	}
	n.finish()
	return n, nil
}
