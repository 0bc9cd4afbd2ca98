package caption

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

var (
	coordinates  = regexp.MustCompile(`-?\d{1,3}\.\d{3,}`)
	wrongArticle = regexp.MustCompile(`\b[Aa] (?:[aeio]|u[^ns])[a-z]+ |\b[Aa]n [bcdfgjklmnpqrstvwxyz]`)
	fine         = regexp.MustCompile(`\ba (?:one|euro|use)`)
	stops        = regexp.MustCompile(`\.\.|  |,,| ,| \.|^ | $|\( | \)`)
)

// TestRealCity reads many captions of a real city as a proof-reader would.
func TestRealCity(t *testing.T) {
	spec, err := city.Builtin("andorra")
	if err != nil {
		t.Skip(err)
	}
	c, err := city.Open(store.With(t.Context(), store.At(t.TempDir())), spec)
	if err != nil {
		t.Fatal(err)
	}
	var streets []city.NodeID
	for i := range c.Nodes {
		if c.Nodes[i].Kind == city.Street {
			streets = append(streets, city.NodeID(i))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	words, full := 0, 0
	const n = 400
	for i := range n {
		s := streets[r.IntN(len(streets))]
		l := c.Nodes[s].Geometry.(orb.LineString)
		v := streetview.View{ID: int64(i), Pos: l[r.IntN(len(l))], Heading: geo.Bearing(r.Float64() * 360), HasHeading: i%10 > 0, Street: s}
		if i%2 == 0 {
			v.Origin = streetview.Rendered
		}
		x := Describe(c, v)
		words += len(strings.Fields(x.Text()))
		full += len(strings.Fields(x.Full(Options{})))
		for _, text := range []string{x.Text(), x.Full(Options{}), x.Full(Options{Units: Imperial, Things: 20}), x.NamesOnly()} {
			if coordinates.MatchString(text) || stops.MatchString(strings.ReplaceAll(text, "...", "…")) || !strings.ContainsAny(text[len(text)-1:], ".!?") {
				t.Errorf("view %d: %q", i, text)
			}
			for _, bad := range wrongArticle.FindAllString(text, -1) {
				if !fine.MatchString(bad) && !strings.Contains(bad, "uni") {
					t.Errorf("view %d: %q in %q", i, bad, text)
				}
			}
			seen := map[string]bool{}
			for _, sentence := range strings.SplitAfter(text, ". ") {
				if seen[sentence] && len(sentence) > 15 { // "Sta. " is the end of none
					t.Errorf("view %d says %q twice: %q", i, sentence, text)
				}
				seen[sentence] = true
			}
		}
		if again := Describe(c, v); again.Text() != x.Text() || again.Full(Options{}) != x.Full(Options{}) {
			t.Errorf("view %d reads differently the second time", i)
		}
	}
	// The small default model sees 32 to 64 tokens of the short text.
	if mean := float64(words) / n; mean < 15 || mean > 50 {
		t.Errorf("%.0f words in a short text on average", mean)
	}
	if full < words*3/2 {
		t.Errorf("%d words in the full texts, %d in the short ones", full, words)
	}
}

func BenchmarkDescribe(b *testing.B) {
	c := town()
	v := view(0, 0, 90)
	Describe(c, v) // indexes the city
	b.ReportAllocs()
	for b.Loop() {
		_ = Describe(c, v).Text()
	}
}
