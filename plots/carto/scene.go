package carto

import (
	"image/color"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// Mark is the sign that stands for a point.
type Mark string

const (
	Dot   Mark = "dot"   // a disc
	Arrow Mark = "arrow" // a disc with a beak that points along the feature's heading
	Star  Mark = "star"  // a five-pointed star
	Ring  Mark = "ring"  // a circle that is not filled
)

// Style says how the features of a layer look. A zero colour draws nothing.
type Style struct {
	Line   color.NRGBA // outline of polygons and marks, colour of lines
	Width  float64     // of the line
	Dash   []float64   // lengths of dash and gap; nil for a solid line
	Casing color.NRGBA // a wider line under the line
	Edge   float64     // how far the casing stands out on each side
	Fill   color.NRGBA // of polygons and marks
	Mark   Mark        // for points; empty is a Dot
	Radius float64     // of the mark
	Grow   bool        // line and casing widen when one zooms in, as streets do; widths hold at [GrowScale]
}

// Feature is one thing on the map. Geometry may be any orb geometry; a
// polygon's holes are left open.
type Feature struct {
	Geometry orb.Geometry
	Name     string      // first line of the tooltip; plain text, never markup
	Detail   string      // second line
	Heading  geo.Bearing // where the beak of an Arrow points
}

// Layer is a set of features of one style. Layers are drawn in order, the
// first at the bottom.
type Layer struct {
	Group    string // layers of one group are switched on and off together
	Name     string // entry in the legend; empty for none
	Style    Style
	Features []Feature
	Base     bool // part of the base map: drawn under everything, without tooltips
	Hidden   bool // switched off at first, and left out of the still picture
}

// Label is a name written on the still picture where there is room. The
// interactive page shows names in tooltips instead.
type Label struct {
	Text string
	Line orb.LineString // written along this line; a single point writes it level, centred
	Rank int            // a lower rank is placed first
}

// Scene is a whole map.
type Scene struct {
	Title    string
	Subtitle string
	Credit   string    // licence line of the data, always shown
	Bound    orb.Bound // what is shown; both forms fit it into their frame
	Width    int       // of the frame; 0 is DefaultWidth
	Height   int       // of the frame, without the title; 0 is DefaultHeight
	Layers   []Layer
	Labels   []Label
}

// Size of the frame where a scene names none.
const (
	DefaultWidth  = 860
	DefaultHeight = 560
)

// GrowScale is the scale, in metres to a pixel, at which the widths of a style
// that grows hold. They grow with the square root of the zoom.
const GrowScale = 12.0

// Land is the colour of the ground.
var Land = color.NRGBA{0xf6, 0xf5, 0xf1, 0xff}

func (s *Scene) size() (w, h float64) {
	w, h = float64(s.Width), float64(s.Height)
	if w <= 0 {
		w = DefaultWidth
	}
	if h <= 0 {
		h = DefaultHeight
	}
	return w, h
}

// header is the height of the band that holds title and subtitle.
func (s *Scene) header() float64 {
	switch {
	case s.Title == "" && s.Subtitle == "":
		return 0
	case s.Title == "" || s.Subtitle == "":
		return 34
	}
	return 52
}

func (l *Layer) mark() Mark {
	if l.Style.Mark == "" {
		return Dot
	}
	return l.Style.Mark
}
