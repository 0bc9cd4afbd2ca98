package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/streetview/sidecar"
)

// viewsResult is what "ug views" says.
type viewsResult struct {
	City     string            `json:"city"`
	Views    int               `json:"views"`
	Origins  map[string]int    `json:"origins"`
	Anchored int               `json:"anchored"` // to a street
	Skipped  map[string]int    `json:"skipped"`  // files that are no views, by reason
	Images   string            `json:"images"`   // folder of the image files
	Credit   string            `json:"credit,omitempty"`
	Report   streetview.Report `json:"report"`
	List     []listedView      `json:"list,omitempty"` // with --list
	Artefact store.Ref         `json:"artefact"`
	Dir      string            `json:"dir"`
}

func describeViews(name string, set *streetview.Set, art *store.Artefact) *viewsResult {
	report := set.Report()
	r := &viewsResult{
		City: name, Views: report.Views, Origins: map[string]int{}, Anchored: report.Anchored, Skipped: map[string]int{},
		Images: set.Dir, Credit: creditOf(art.Manifest.Summary), Report: report, Artefact: art.Ref(), Dir: art.Dir,
	}
	for o, n := range report.Origins {
		r.Origins[string(o)] = n
	}
	for s, n := range report.Skipped {
		r.Skipped[string(s)] = n
	}
	return r
}

func (r *viewsResult) write(w io.Writer) error {
	var f facts
	f.add("city", "%s", r.City)
	f.add("views", "%s", counts(r.Origins))
	f.add("anchored", "%d to a street within %v", r.Anchored, r.Report.Reach)
	r.streetless(&f)
	r.headings(&f)
	if r.Report.Sidecar != nil {
		r.sidecar(&f, r.Report.Sidecar)
	}
	if near := r.Report.Near; len(near) > 0 {
		f.add("near twins", "%d, each like an earlier view of the same place: %s", len(near), some(near, r.Dir, func(n streetview.NearPicture) string {
			return fmt.Sprintf("%s like %s (%d bits, %v)", n.File, n.Of, n.Bits, n.Distance)
		}))
	}
	if len(r.Skipped) > 0 {
		var parts []string
		for _, reason := range byCount(r.Skipped) {
			parts = append(parts, fmt.Sprintf("%d %s", r.Skipped[reason], reason))
		}
		f.add("skipped", "%s (each in %s/skipped.json)", strings.Join(parts, ", "), r.Dir)
	}
	f.add("images", "%s", r.Images)
	if r.Credit != "" {
		f.add("credit", "%s", r.Credit)
	}
	f.add("folder", "%s", r.Dir)
	if err := f.write(w); err != nil || len(r.List) == 0 {
		return err
	}
	return writeList(w, r.List)
}

func (r *viewsResult) streetless(f *facts) {
	if n := len(r.Report.Streetless); n > 0 {
		f.add("no street", "%d: %s", n, some(r.Report.Streetless, r.Dir, func(s streetview.Streetless) string {
			if s.Nearest < 0 {
				return s.File + " (the city has none)"
			}
			return fmt.Sprintf("%s (the nearest is %v away)", s.File, s.Nearest)
		}))
	}
}

func (r *viewsResult) headings(f *facts) {
	h := r.Report.Headings
	text := fmt.Sprintf("%d of %d views", h.Known, r.Views)
	if h.Magnetic > 0 {
		text += fmt.Sprintf(", %d of them magnetic and brought to true north", h.Magnetic)
		if h.Undated > 0 {
			text += fmt.Sprintf(" (%d without a time, as in 2020)", h.Undated)
		}
	}
	if h.Pano > 0 {
		text += fmt.Sprintf(", %d of panoramas", h.Pano)
	}
	if h.Sidecar > 0 {
		text += fmt.Sprintf(", %d from the sidecar", h.Sidecar)
	}
	f.add("headings", "%s", text)
}

func (r *viewsResult) sidecar(f *facts, u *streetview.SidecarUse) {
	way := "fills what EXIF lacks"
	if u.First {
		way = "goes before EXIF"
	}
	f.add("sidecar", "%s: %d of %d rows used, %s", u.File, u.Used, u.Rows+len(u.Problems), way)
	if len(u.NoFile) > 0 {
		f.add("", "rows without a file: %d: %s", len(u.NoFile), some(u.NoFile, r.Dir, func(x streetview.SidecarRow) string { return fmt.Sprintf("%s (line %d)", x.File, x.Line) }))
	}
	if len(u.NoRow) > 0 {
		f.add("", "files without a row: %d: %s", len(u.NoRow), some(u.NoRow, r.Dir, func(x string) string { return x }))
	}
	if len(u.Problems) > 0 {
		f.add("", "wrong rows: %d: %s", len(u.Problems), some(u.Problems, r.Dir, func(p sidecar.Problem) string { return p.Text }))
	}
}

// some writes the first of many things, and where the others are told of.
func some[T any](all []T, dir string, text func(T) string) string {
	const few = 3
	var parts []string
	for _, x := range all[:min(len(all), few)] {
		parts = append(parts, text(x))
	}
	if n := len(all) - few; n > 0 {
		parts = append(parts, fmt.Sprintf("and %d more in %s/report.json", n, dir))
	}
	return strings.Join(parts, "; ")
}

// listedView is one view in the list of "ug views --list".
type listedView struct {
	ID       int64       `json:"id,string"`
	File     string      `json:"file"`
	Lon      float64     `json:"lon"`
	Lat      float64     `json:"lat"`
	Heading  *float64    `json:"heading,omitempty"`  // degrees
	Street   string      `json:"street,omitempty"`   // that it stands on
	Distance *float64    `json:"distance,omitempty"` // to the street, or to the nearest one where it stands on none; metres
	Sees     *sightShown `json:"sees,omitempty"`     // what lies straight ahead
}

// sightShown is what a view looks at.
type sightShown struct {
	What     string  `json:"what"`
	Kind     string  `json:"kind"` // street, poi or area
	Along    bool    `json:"along,omitempty"`
	Distance float64 `json:"distance"` // metres
	Side     string  `json:"side"`
}

func listViews(c *city.City, set *streetview.Set) []listedView {
	list := make([]listedView, len(set.Views))
	for i, v := range set.Views {
		l := listedView{ID: v.ID, File: v.File, Lon: v.Pos[0], Lat: v.Pos[1]}
		if v.HasHeading {
			l.Heading = new(float64(v.Heading))
		}
		if v.Street != city.None {
			l.Street = c.DisplayName(v.Street)
		}
		if v.HasFoot() {
			l.Distance = new(float64(v.Distance))
		}
		if s, ok := streetview.LooksAt(c, v); ok {
			l.Sees = &sightShown{c.DisplayName(s.Node), c.Nodes[s.Node].Kind.String(), s.Along, float64(s.Distance), s.Side.String()}
		}
		list[i] = l
	}
	return list
}

func (s *sightShown) String() string {
	switch {
	case s == nil:
		return ""
	case s.Along:
		return "along " + s.What
	}
	return fmt.Sprintf("%s, %.0f m %s", s.What, s.Distance, s.Side)
}

func writeList(w io.Writer, list []listedView) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nid\tfile\theading\tstreet\tdistance\tlooks at\n")
	for _, l := range list {
		heading, distance := "", ""
		if l.Heading != nil {
			heading = fmt.Sprintf("%.0f°", *l.Heading)
		}
		if l.Distance != nil {
			distance = fmt.Sprintf("%.1f m", *l.Distance)
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.File, heading, l.Street, distance, l.Sees)
	}
	return t.Flush()
}
