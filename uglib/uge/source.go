package uge

import (
	"context"
	"fmt"
	"image"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/city"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/vision"
)

// Source turns places of a dataset into inputs of a model. Images are decoded
// and resized once and kept small; node texts are tokenised once.
type Source struct {
	model *Model
	ds    *ugdata.Dataset

	mu     sync.Mutex
	images map[int]*image.NRGBA // by place, resized
	nodes  map[nodeKey][]int32  // tokens of node texts
}

type nodeKey struct {
	city string
	id   city.NodeID
}

// NewSource returns the source of a dataset's places for a model.
func NewSource(m *Model, ds *ugdata.Dataset) *Source {
	return &Source{model: m, ds: ds, images: map[int]*image.NRGBA{}, nodes: map[nodeKey][]int32{}}
}

// Prepare decodes and resizes the images of places on all cores.
func (s *Source) Prepare(ctx context.Context, places []int) error {
	task := progress.Start(ctx, "read street views", len(places))
	defer task.Done()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, at := range places {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, err := s.image(at)
			task.Add(1)
			return err
		})
	}
	return group.Wait()
}

// Input returns the input of a text about a place: with the place's image if
// the text has an <image> tag, with its graph if it has a <graph> tag.
func (s *Source) Input(place int, text string) (Input, error) {
	in := Input{Text: text}
	if strings.Contains(text, ugdata.ImageTag) {
		img, err := s.image(place)
		if err != nil {
			return in, err
		}
		picture, err := s.model.Processor.Prepare(img)
		if err != nil {
			return in, fmt.Errorf("uge: image %s: %w", s.ds.Places[place].Image, err)
		}
		in.Images = []vision.Picture{picture}
	}
	if strings.Contains(text, ugdata.GraphTag) {
		in.Graph = s.graph(&s.ds.Places[place])
	}
	return in, nil
}

// image returns a place's image, reduced to what the processor makes of it and
// kept, where that can be.
func (s *Source) image(place int) (image.Image, error) {
	s.mu.Lock()
	kept, ok := s.images[place]
	s.mu.Unlock()
	if ok {
		return kept, nil
	}
	path := s.ds.Places[place].Image
	full, err := streetview.DecodeFile(path)
	if err != nil {
		return nil, fmt.Errorf("uge: %w", err)
	}
	small, err := s.model.Processor.Reduce(full)
	if err != nil {
		return nil, fmt.Errorf("uge: street view %s: %w", path, err)
	}
	if small == nil {
		return full, nil
	}
	s.mu.Lock()
	s.images[place] = small
	s.mu.Unlock()
	return small, nil
}

// graph returns a place's subgraph for the encoder. A street or an area lies
// where it comes nearest to the image: the centroid of a long street, which
// the reference takes, says little about the place.
func (s *Source) graph(p *ugdata.Place) *graphenc.Graph {
	c := s.ds.Cities[p.City]
	g := &graphenc.Graph{Center: 0, Nodes: make([]graphenc.Node, len(p.Graph.Nodes)), Edges: make([]graphenc.Edge, len(p.Graph.Edges))}
	for i, id := range p.Graph.Nodes {
		node := graphenc.Node{At: p.Pos, Kind: graphenc.ImageKind, Tokens: s.nodeTokens(p.City, c, id)}
		if id != city.None {
			node.At, _ = c.DistanceTo(id, p.Pos)
			node.Kind = 1 + int(c.Nodes[id].Kind)
		}
		g.Nodes[i] = node
	}
	for i, e := range p.Graph.Edges {
		g.Edges[i] = graphenc.Edge{From: int(e.From), To: int(e.To), Type: int(e.Type), Distance: e.Distance, Bearing: e.Bearing}
	}
	return g
}

func (s *Source) nodeTokens(name string, c *city.City, id city.NodeID) []int32 {
	key := nodeKey{name, id}
	s.mu.Lock()
	tokens, ok := s.nodes[key]
	s.mu.Unlock()
	if ok {
		return tokens
	}
	text := imageNodeText
	if id != city.None {
		text = ugdata.NodeText(c, id)
	}
	tokens = s.model.Tokenizer.Encode(text)
	s.mu.Lock()
	s.nodes[key] = tokens
	s.mu.Unlock()
	return tokens
}

// imageNodeText describes the image's own node; the reference writes
// "mapillary image", which would be false of a rendered one.
const imageNodeText = "street view image"
