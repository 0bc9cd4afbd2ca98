package beam

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	sdk "github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "prism") }

// town writes an extract of n by n blocks of 200 m with a shop on each, and
// returns a spec of views drawn of it.
func town(t *testing.T, name string, n int, lon, lat float64, views int) streetview.Spec {
	t.Helper()
	var b strings.Builder
	b.WriteString("<osm version=\"0.6\">\n")
	const step = 0.0018 // 200 m of latitude
	node := func(i, j int) int { return 1 + i*(n+1) + j }
	for i := range n + 1 {
		for j := range n + 1 {
			fmt.Fprintf(&b, "<node id=\"%d\" version=\"1\" lat=\"%.6f\" lon=\"%.6f\"/>\n", node(i, j), lat+step*float64(i), lon+1.5*step*float64(j))
		}
	}
	id := 100000
	for i := range n {
		for j := range n {
			id++
			fmt.Fprintf(&b, "<node id=\"%d\" version=\"1\" lat=\"%.6f\" lon=\"%.6f\"><tag k=\"shop\" v=\"%s\"/><tag k=\"name\" v=\"%s Shop %d\"/></node>\n",
				id, lat+step*float64(i)+0.0001, lon+1.5*step*(float64(j)+0.5), []string{"bakery", "books", "shoes"}[(i+j)%3], name, id-100000)
		}
	}
	way := func(kind, street string, nodes func(k int) int) {
		id++
		fmt.Fprintf(&b, "<way id=\"%d\" version=\"1\">", id)
		for k := range n + 1 {
			fmt.Fprintf(&b, "<nd ref=\"%d\"/>", nodes(k))
		}
		fmt.Fprintf(&b, "<tag k=\"highway\" v=\"%s\"/><tag k=\"name\" v=\"%s\"/></way>\n", kind, street)
	}
	for i := range n + 1 {
		way("residential", fmt.Sprintf("%s Row %d", name, i), func(k int) int { return node(i, k) })
		way("secondary", fmt.Sprintf("%s Column %d", name, i), func(k int) int { return node(k, i) })
	}
	b.WriteString("</osm>\n")
	path := filepath.Join(t.TempDir(), name+".osm")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := city.FromFile(path, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := streetview.Render(c, views)
	v.Width, v.Height = 64, 48
	return v
}

// towns is a dataset of three towns, of which one lies next to another, so that
// the buffer crosses their border.
func towns(t *testing.T) ugdata.Spec {
	return ugdata.Spec{
		Train: []streetview.Spec{
			town(t, "alpha", 8, 10, 50, 500), town(t, "beta", 5, 10.025, 50, 200),
		},
		HeldOut: []streetview.Spec{town(t, "omega", 3, 30, 20, 60)},
		Seed:    7,
		Options: ugdata.Options{BlockLevel: 15, Radius: 100, TestShare: 0.15},
	}
}

func run(t *testing.T, w Work) error {
	t.Helper()
	p, s := sdk.NewPipelineWithRoot()
	if _, err := w.Pipeline(s); err != nil {
		t.Fatal(err)
	}
	_, err := ptest.RunWithMetrics(p)
	return err
}

// files returns the checksums of an artefact's files.
func files(a *store.Artefact) map[string]string {
	out := map[string]string{}
	for _, f := range a.Manifest.Files {
		out[f.Name] = f.SHA256
	}
	return out
}

// The pipeline and the build on one machine give the same artefact, byte by
// byte.
func TestSameBytes(t *testing.T) {
	spec := towns(t)
	local := store.At(t.TempDir())
	want, err := local.Get(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWork(spec, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t, w); err != nil {
		t.Fatal(err)
	}
	got, err := w.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got.Ref() != want.Ref() || !reflect.DeepEqual(files(got), files(want)) {
		t.Errorf("the pipeline gives %v with\n%v\nwant %v with\n%v", got.Ref(), files(got), want.Ref(), files(want))
	}
	if len(files(got)) < 6 || files(got)["places.parquet"] == "" {
		t.Errorf("files %v", files(got))
	}
	if err := got.Verify(); err != nil {
		t.Error(err)
	}
	if string(got.Manifest.Spec) != string(want.Manifest.Spec) || !reflect.DeepEqual(got.Manifest.Summary, want.Manifest.Summary) {
		t.Errorf("summary %v, want %v", got.Manifest.Summary, want.Manifest.Summary)
	}
	parts, err := w.Parts()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(string(parts)); !os.IsNotExist(err) {
		t.Errorf("parts stay: %v", err)
	}
	d, err := ugdata.Open(store.With(t.Context(), store.At(w.Home)), spec)
	if err != nil {
		t.Fatal(err)
	}
	audit, err := d.Audit()
	if err != nil {
		t.Error(err)
	}
	for _, s := range []ugdata.Split{ugdata.Train, ugdata.Test, ugdata.HeldOut, ugdata.Buffer} {
		if audit.Places[s] == 0 {
			t.Errorf("no place is in %s: %v", s, audit.Places)
		}
	}
}

// A pipeline that is started again takes the parts that are there, and counts
// what it did.
func TestGoesOn(t *testing.T) {
	spec := towns(t)
	w, err := NewWork(spec, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.session()
	if err != nil {
		t.Fatal(err)
	}
	ctx := w.inputs(t.Context())
	var surveys []*ugdata.Survey
	for i := range s.builder.Cities() {
		x, err := s.builder.Survey(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		surveys = append(surveys, x)
	}
	jobs, err := s.builder.Jobs(surveys)
	if err != nil {
		t.Fatal(err)
	}
	part, err := s.builder.Describe(ctx, &jobs[1])
	if err != nil {
		t.Fatal(err)
	}
	part.Places[0].Caption = "Told by the first attempt."
	if err := s.parts.Write(part); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(string(s.parts), "0000000.part"), []byte("half"), 0o644); err != nil { // damaged
		t.Fatal(err)
	}
	p, scope := sdk.NewPipelineWithRoot()
	if _, err := w.Pipeline(scope); err != nil {
		t.Fatal(err)
	}
	res, err := ptest.RunWithMetrics(p)
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]int64{}
	for _, c := range res.Metrics().Query(func(sdk.MetricResult) bool { return true }).Counters() {
		counted[c.Name()] += c.Result()
	}
	if counted["parts found"] != 1 || counted["parts described"] != int64(len(jobs)-1) || counted["cities surveyed"] != 3 || counted["views described"]+int64(len(part.Places)) != counted["views planned"] {
		t.Errorf("counters %v; there are %d jobs", counted, len(jobs))
	}
	a, err := w.Open()
	if err != nil {
		t.Fatal(err)
	}
	d, err := ugdata.Read(a.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(d.Places, func(p ugdata.Place) bool { return p.Caption == "Told by the first attempt." }) {
		t.Error("the part that was there is not in the dataset")
	}
	if err := run(t, w); err != nil { // of a dataset that is there
		t.Error(err)
	}
}

// An extract that is gone fails the pipeline with its name.
func TestFails(t *testing.T) {
	spec := ugdata.Spec{Train: []streetview.Spec{town(t, "alpha", 3, 10, 50, 30)}}
	if err := os.Remove(spec.Train[0].City.Source.Path); err != nil {
		t.Fatal(err)
	}
	w, err := NewWork(spec, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t, w); err == nil || !strings.Contains(err.Error(), "alpha.osm") {
		t.Errorf("the error is %v", err)
	}
	if _, err := NewWork(spec, "here"); err == nil || !strings.Contains(err.Error(), "no absolute path") {
		t.Errorf("a relative store gives %v", err)
	}
	if _, err := NewWork(ugdata.Spec{}, t.TempDir()); err == nil || !strings.Contains(err.Error(), "Spec.Train") {
		t.Errorf("an empty spec gives %v", err)
	}
	if _, err := (Work{Spec: []byte("x"), Home: "/"}).session(); err == nil {
		t.Error("a damaged spec is taken")
	}
}

// All that a spec says comes to the workers, paths of files too.
func TestWorkKeepsSpec(t *testing.T) {
	spec := towns(t)
	spec.Options.Splits = ugdata.SplitPlan{Cities: map[string]ugdata.Split{"beta": ugdata.Test}}
	w, err := NewWork(spec, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.spec()
	if err != nil || !reflect.DeepEqual(got, spec) {
		t.Errorf("the spec comes as %+v, %v; want %+v", got, err, spec)
	}
	one, _ := store.Key(spec)
	if other, err := store.Key(spec.FromParts("x")); err != nil || one != other {
		t.Errorf("the dataset of parts has the key %s, %v; want %s", other, err, one)
	}
	if done, total := w.Progress(); done != 0 || total != 0 {
		t.Errorf("%d of %d parts before the start", done, total)
	}
}
