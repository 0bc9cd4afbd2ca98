package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"urbangraph/plots"
	"urbangraph/uglib/city"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/train"
	"urbangraph/uglib/ugbench"
	"urbangraph/uglib/ugdata"
)

// page is the report under construction.
type page struct {
	*plots.Report
	demo *demo
	data *ugdata.Dataset
	task progress.Task
}

// writeReport writes report.html and the figures.
func (d *demo) writeReport(ctx context.Context, results *ugbench.Report) error {
	data, err := ugdata.Open(ctx, d.data)
	if err != nil {
		return err
	}
	task := progress.Start(ctx, "report", 0)
	defer task.Done()
	p := &page{Report: plots.NewReport("From a map extract to a benchmark"), demo: d, data: data, task: task}
	p.Text("Can a model learn, from a street view alone, where it was taken? urbangraph puts street views, text and the street network into one embedding space, in the two training stages of UGE (arXiv 2602.08342). This page shows each step of one run, from OpenStreetMap to the benchmark.")
	p.Text("The findings come first, and what they rest on follows. " + findingsNote)
	p.Add(dense(findingsTable(d.result.Findings)).Caption("What this run shows: Hit@5 in percent with 95% intervals, differences in percentage points"))
	if d.result.Fast {
		p.Text("UG_FAST was set for this run: the model is so small and so briefly trained that it learns next to nothing. It shows that everything works, not how well. Run \"ug demo\" without it for a model that has learnt.")
	}
	for _, part := range []func(context.Context) error{p.cities, p.places, p.training} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if err := p.benchmark(ctx, results); err != nil {
		return err
	}
	p.cost()
	for _, c := range data.Cities {
		p.Credit(cmp.Or(c.Credit, plots.DefaultCredit))
	}
	p.Credit("Map data is licensed under the Open Data Commons Open Database License (ODbL): openstreetmap.org/copyright")
	if p.drawn() {
		p.Credit("Street views are rendered from map geometry, not photographs.")
	}
	p.Credit("Method: UrbanGraphEmbeddings, arXiv 2602.08342. Code: " + d.result.Code)
	d.result.Report = filepath.Join(d.out, reportName)
	if err := p.WriteFile(d.result.Report); err != nil {
		return err
	}
	return d.dropOldFigures()
}

// figure saves a figure and adds it with its caption.
func (p *page) figure(ctx context.Context, name string, f plots.Figure, caption string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.demo.save(name, f); err != nil {
		return err
	}
	p.AddCaptioned(f, caption)
	p.task.Add(1)
	return nil
}

// drawn reports whether some views are drawn.
func (p *page) drawn() bool {
	return slices.ContainsFunc(p.data.Places, func(x ugdata.Place) bool { return x.Origin == streetview.Rendered })
}

// cities shows each city with its views and splits.
func (p *page) cities(ctx context.Context) error {
	p.Heading("1. Cities and street views")
	p.Text("Each city is a graph read from OpenStreetMap. Streets, crossings, points and areas of interest are its nodes. An edge says that two streets cross, that a place is nearest to a street, that crossings follow each other along a street, or that a street bounds an area.")
	if p.drawn() {
		p.Text("The street views are rendered, not photographs: a camera at eye height draws buildings, roads, trees and shop signs from the map's own geometry. So every view has a true position and heading, and the whole run needs no download. A folder of geotagged photographs takes the same way (--photos).")
	}
	p.Text("A model that is tested where it was trained shows only that it remembers. So places are split by spatial blocks of about a kilometre, and places too near to another block are left out: no test view shares a neighbourhood with a training view. The held-out city, if there is one, is never trained on.")
	var rows [][]string
	header := []string{"City", "Streets", "Crossings", "Points", "Areas", "Views"}
	for _, v := range slices.Concat(p.demo.data.Train, p.demo.data.HeldOut) {
		c, set, err := streetview.Open(ctx, v)
		if err != nil {
			return err
		}
		kinds := map[city.Kind]int{}
		for i := range c.Nodes {
			kinds[c.Nodes[i].Kind]++
		}
		rows = append(rows, []string{cmp.Or(c.Title, c.Name), fmt.Sprint(kinds[city.Street]), fmt.Sprint(kinds[city.Crossing]),
			fmt.Sprint(kinds[city.POI]), fmt.Sprint(kinds[city.Area]), fmt.Sprint(len(set.Views))})
	}
	p.Add(plots.Table(header, rows).Caption("Nodes of the urban graph and street views of each city"))
	done := map[string]bool{}
	for _, v := range slices.Concat(p.demo.data.Train, p.demo.data.HeldOut) {
		c := p.data.Cities[v.City.Name]
		if c == nil || done[c.Name] {
			continue
		}
		done[c.Name] = true
		err := p.figure(ctx, "map-"+c.Name, plots.SplitMap(c, p.data.Places),
			fmt.Sprintf("%s: its street views by split, with the blocks that the splits are made of. Drag and zoom; the layer switch is at the top right.", cmp.Or(c.Title, c.Name)))
		if err != nil {
			return err
		}
	}
	return nil
}

// places shows one place with its path, and a sheet of places.
func (p *page) places(ctx context.Context) error {
	p.Heading("2. What the model reads: places, captions and paths")
	p.Text("Around each view lies a subgraph, the part of the city graph near it. A spatial context caption (SCC) says it in words: the street, its class, what stands near, how far and in which direction. A spatial reasoning path (SRP) walks through it, from the view by streets and crossings to a destination.")
	if x := p.example(); x != nil {
		c := p.data.Cities[x.City]
		if err := p.figure(ctx, "place", plots.PlaceMap(c, *x), "One place: the view, its subgraph, and a path to a destination. The path in words: "+x.Paths[0].Plain); err != nil {
			return err
		}
	}
	p.Text("Training pairs a view with a text. Below are places with the texts that go with them.")
	return p.figure(ctx, "samples", plots.Sheet(p.data, p.samples(6)).Title("Sample places"), "Views with their captions and the first of their paths: of each sixth of the dataset, the place with the longest caption.")
}

// example chooses the place that is shown on a map: of those with a path, a
// test place if there is one, with a subgraph of many kinds of things and a
// path that is not long, so that the map shows both.
func (p *page) example() *ugdata.Place {
	var best *ugdata.Place
	score := math.Inf(-1)
	for i := range p.data.Places {
		x := &p.data.Places[i]
		if len(x.Paths) == 0 {
			continue
		}
		c := p.data.Cities[x.City]
		kinds := map[string]bool{}
		for _, id := range x.Graph.Nodes {
			if id != city.None {
				kinds[c.Nodes[id].Kind.String()+c.Nodes[id].Category] = true
			}
		}
		n := float64(len(kinds)) - float64(x.Paths[0].Length)/100
		if x.Split == ugdata.Test {
			n += 1000
		}
		if n > score {
			best, score = x, n
		}
	}
	return best
}

// samples chooses the place with the longest caption from each of a number of
// equal parts of the dataset, of places that have a path.
func (p *page) samples(number int) []ugdata.Place {
	var with []ugdata.Place
	for _, x := range p.data.Places {
		if len(x.Paths) > 0 && x.Split != ugdata.Buffer {
			with = append(with, x)
		}
	}
	number = min(number, len(with))
	var out []ugdata.Place
	for i := range number {
		part := with[i*len(with)/number : (i+1)*len(with)/number]
		out = append(out, slices.MaxFunc(part, func(a, b ugdata.Place) int { return cmp.Compare(len(a.Caption), len(b.Caption)) }))
	}
	return out
}

// training shows the curves of both stages.
func (p *page) training(ctx context.Context) error {
	p.Heading("3. Training in two stages")
	size := p.demo.first.Size
	p.Text(fmt.Sprintf("The model has Qwen2-VL's architecture at a small size: hidden width %d, %d vision and %d language layers, %d tokens, trained from random weights. The embedding of an input is the hidden state of its last token, at unit length.", size.Hidden, size.VisionLayers, size.Layers, size.Vocabulary))
	p.Text("Both stages minimise InfoNCE: in a batch of pairs, each view must be more similar to its own text than to the others'. Part of the batches are drawn from one neighbourhood, where the others' texts are nearly right. Stage 1 sees the image. Stage 2 freezes that model and adds a graph encoder and low-rank terms (LoRA): it sees the subgraph as well.")
	p.Text("The margin is the similarity of a view to its own text less that to the best of the others. It should rise as the loss falls. The checkpoint that is kept is the one with the best mean reciprocal rank (MRR) on validation places.")
	for _, spec := range []train.Spec{p.demo.first, p.demo.second} {
		run, err := train.Open(ctx, spec)
		if err != nil {
			return err
		}
		r, err := trainOne(ctx, spec)
		if err != nil {
			return err
		}
		p.demo.result.Training = append(p.demo.result.Training, r)
		caption := fmt.Sprintf("Stage %d, %d steps of %d pairs: loss from %.2f to %.2f, margin from %.2f to %.2f (means of the first and last %d steps).",
			r.Stage, r.Steps, spec.Batch, r.LossFirst, r.LossLast, r.MarginOne, r.MarginEnd, r.Window)
		if v := r.Best; v != nil && v.Places > 1 {
			caption += fmt.Sprintf(" Best validation at step %d: MRR %.3f over %d places.", r.BestStep, v.MRR, v.Places)
		}
		if err := p.figure(ctx, fmt.Sprintf("stage-%d", spec.Stage), plots.Training(run.Log).Title(fmt.Sprintf("Training, stage %d", spec.Stage)), caption); err != nil {
			return err
		}
	}
	return nil
}

// benchmark shows the results in bars and tables.
func (p *page) benchmark(ctx context.Context, results *ugbench.Report) error {
	p.Heading("4. Benchmark")
	p.Text(fmt.Sprintf("Geolocation: given a view, rank %d location texts, of which one is right; the others are of places from %.0f to %.0f m away, filled up with farther ones where those are too few. The names-only variant has texts of names alone. Retrieval is the other way round: given a caption or a path, rank %d views. Hit@k is the share of queries whose right answer is among the first k, MRR the mean of one over its rank.",
		p.demo.bench.Candidates, float64(p.demo.bench.MinDistance), float64(p.demo.bench.MaxDistance), p.demo.bench.Candidates))
	p.Text("Values are percentages with 95% intervals. The chance row is what guessing reaches. A model whose whole interval lies above the dashed line has learnt something. To tell two models apart, read the paired tests, which compare them query by query.")
	for _, region := range ugbench.Regions {
		f := hitBars(results.Results, region)
		if f == nil {
			continue
		}
		name := "hit5-" + strings.ReplaceAll(string(region), " ", "-")
		if err := p.figure(ctx, name, f, fmt.Sprintf("Hit@5 in the %s, with 95%% intervals; dashed: chance.", region)); err != nil {
			return err
		}
	}
	for _, region := range ugbench.Regions {
		var part []*ugbench.Result
		for _, r := range results.Results {
			if r.Region == region {
				part = append(part, r)
			}
		}
		if len(part) == 0 {
			continue
		}
		header, rows := ugbench.Table(part)
		var chance []int
		for i, row := range rows {
			if slices.Contains(row, "chance") {
				chance = append(chance, i)
			}
		}
		p.Add(dense(header, rows).Strong(chance...).Caption(fmt.Sprintf("Results in the %s, in percent with 95%% intervals; images: %s", region, imageKinds(part))))
	}
	p.Text("The paired tests compare two models, A and B, on the same queries. McNemar's test counts the queries that only one of the two has among its first five; the permutation test looks at the reciprocal ranks.")
	for _, region := range ugbench.Regions {
		var part []ugbench.Comparison
		for _, c := range results.Comparisons {
			if c.Region == region {
				part = append(part, c)
			}
		}
		if len(part) > 0 {
			header, rows := ugbench.ComparisonTable(part)
			p.Add(dense(header, rows).Caption(fmt.Sprintf("Paired tests in the %s: A less B in percentage points, with 95%% intervals", region)))
		}
	}
	return nil
}

// dense lays a table out for a page: without the columns of regions and images
// if they are the same in all rows, which the caption says, without repeating
// what stands above, and with intervals that stay on one line.
func dense(header []string, rows [][]string) *plots.TableFigure {
	var keep []int
	for i, name := range header {
		same := !slices.ContainsFunc(rows, func(row []string) bool { return row[i] != rows[0][i] })
		if !same || name != "Region" && name != "Images" {
			keep = append(keep, i)
		}
	}
	pick := func(row []string) (out []string) {
		for _, i := range keep {
			out = append(out, row[i])
		}
		return out
	}
	var above []string
	var shown [][]string
	for _, row := range rows {
		row = pick(row)
		cells := slices.Clone(row)
		for i, cell := range cells {
			if strings.Contains(cell, "[") {
				cells[i] = strings.ReplaceAll(cell, " ", "\u00a0")
			}
		}
		for i := 0; i < len(row)-1 && above != nil && row[i] == above[i]; i++ {
			cells[i] = ""
		}
		above, shown = row, append(shown, cells)
	}
	return plots.Table(pick(header), shown)
}

// hitBars are the models' Hit@5 in a region by task, nil if there are none.
func hitBars(results []*ugbench.Result, region ugbench.Region) plots.Figure {
	var categories, images []string
	var chance []float64
	var groups []plots.Group
	at := map[string]int{}
	n := 0
	for _, task := range ugbench.Tasks {
		for _, r := range results {
			if r.Task != task || r.Region != region {
				continue
			}
			if len(categories) == 0 || categories[len(categories)-1] != title(string(task)) {
				categories, chance = append(categories, title(string(task))), append(chance, r.Chance[ugbench.Hit5].Value)
			}
			i, ok := at[r.Model]
			if !ok {
				i = len(groups)
				at[r.Model], groups = i, append(groups, plots.Group{Name: r.Model})
			}
			e := r.Metrics[ugbench.Hit5]
			groups[i].Values = append(groups[i].Values, plots.Interval{Value: e.Value, Low: e.Low, High: e.High})
			n = max(n, r.N)
			images = append(images, r.Images)
		}
	}
	if len(categories) == 0 {
		return nil
	}
	slices.Sort(images)
	return plots.Bars(categories, groups...).Chance(chance...).Percent().Size(820, 400).Labels("", "Hit@5").
		Title("Hit@5, " + string(region)).Subtitle(fmt.Sprintf("up to %d queries a task; images: %s", n, strings.Join(slices.Compact(images), ", ")))
}

// cost shows what each step took and made.
func (p *page) cost() {
	p.Heading("5. Cost, and where the numbers come from")
	p.Text(fmt.Sprintf("Every product is an artefact in the store, named by a hash of what it was made from: \"ug show KEY\" tells more of any of them. Computed by %s.", p.demo.result.Backend))
	var rows [][]string
	for _, s := range p.demo.result.Steps {
		var refs []string
		for _, ref := range s.Artefacts {
			refs = append(refs, ref.Kind+"/"+ref.Key[:min(8, len(ref.Key))])
		}
		rows = append(rows, []string{s.Name, seconds(s.Seconds), seconds(s.BuildSeconds), strings.Join(refs, " ")})
	}
	p.Add(plots.Table([]string{"Step", "This run", "Building", "Artefacts"}, rows).Align("lrrl").
		Caption("Time of each step: in this run, which opens what is there, and of building its artefacts"))
	if peak := peakMemory(); peak > 0 {
		p.Text("Peak memory of this run: " + bytes(peak) + ".")
	}
}
