package ugdata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"urbangraph/uglib/osm"
	"urbangraph/uglib/streetview"
)

// About is what the card of a dataset says that its rows do not.
type About struct {
	Title string // default: "UGData of " and the cities
	Spec  *Spec  // extracts, seed and options; nil where the dataset came from elsewhere
	Audit *Audit // nil for a dataset whose splits were not measured
	Notes []string
}

// cardFile is the name of the card of a folder.
const cardFile = "README.md"

// Card returns the card of a dataset in Markdown, with the front matter of a
// Hugging Face dataset card: what it holds by city and split, licences by where
// map and images come from, the extracts with their checksums, seed and
// options, and what the audit found. The same dataset has the same card.
func Card(d *Dataset, a About) []byte {
	c := card{dataset: tallyOf(d), about: a}
	return c.whole(nil)
}

// WriteCard writes the card of a dataset into its folder as README.md, and
// SHA256SUMS with the checksum of every other file there, which "sha256sum -c"
// checks. The card lists the files too and shows how to load them.
func WriteCard(dir string, d *Dataset, a About) error { return writeCard(dir, tallyOf(d), a) }

func writeCard(dir string, t *tally, a About) error {
	files, err := checksums(dir)
	if err != nil {
		return fmt.Errorf("ugdata: card of %s: %w", dir, err)
	}
	sums := sumsText(files)
	c := card{dataset: t, about: a}
	text := c.whole(append(files, sumOf(sumsFile, sums)))
	return errors.Join(
		writeBytes(filepath.Join(dir, sumsFile), sums),
		writeBytes(filepath.Join(dir, cardFile), text),
	)
}

// card writes the parts of a card.
type card struct {
	bytes.Buffer
	dataset *tally
	about   About
}

func (c *card) line(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

// table writes a Markdown table; the first row is its head.
func (c *card) table(rows ...[]string) {
	for i, row := range rows {
		for j, cell := range row {
			row[j] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(cell)
		}
		c.line("| %s |", strings.Join(row, " | "))
		if i == 0 {
			c.line("|%s", strings.Repeat(" --- |", len(row)))
		}
	}
	c.line("")
}

func (c *card) whole(files []fileSum) []byte {
	c.frontMatter(files)
	c.line("# %s\n", c.title())
	c.summary()
	c.contents()
	c.licence()
	c.provenance()
	c.audit()
	if files != nil {
		c.files(files)
		c.loading(files)
	}
	return c.Bytes()
}

func (c *card) cities() []string { return slices.Sorted(maps.Keys(c.dataset.places)) }

func (c *card) title() string {
	if c.about.Title != "" {
		return c.about.Title
	}
	return "UGData of " + strings.Join(c.cities(), ", ")
}

// imageLicence says under which licence images of an origin may be used: its
// identifier on the Hugging Face hub and a sentence.
var imageLicence = map[streetview.Origin]struct{ id, text string }{
	streetview.Rendered:      {"odbl", "drawn from the geometry of OpenStreetMap, not photographs; a produced work of the map, " + osm.Credit},
	streetview.FromMapillary: {"cc-by-sa-4.0", "photographs by contributors of Mapillary, CC BY-SA 4.0; name Mapillary and the contributor"},
	streetview.FromKartaView: {"cc-by-sa-4.0", "photographs by contributors of KartaView, CC BY-SA 4.0; name KartaView and the contributor"},
	streetview.Photo:         {"other", "photographs of your own folder: their licence is for you to state before you publish them"},
}

func (c *card) frontMatter(files []fileSum) {
	licences := map[string]bool{"odbl": true}
	for origin := range c.dataset.origins {
		licences[imageLicenceOf(origin).id] = true
	}
	c.line("---")
	c.line("pretty_name: %s", quote(c.title()))
	c.line("license:")
	for _, id := range slices.Sorted(maps.Keys(licences)) {
		c.line("- %s", id)
	}
	c.line("task_categories:\n- feature-extraction\n- image-to-text")
	c.line("tags:\n- geospatial\n- openstreetmap\n- street-view\n- graph\n- ugdata")
	c.line("size_categories:\n- %s", sizeCategory(max(c.dataset.all, c.dataset.samples)))
	var tables []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name, ".parquet"); ok && !strings.Contains(name, "/") {
			tables = append(tables, name)
		}
	}
	if len(tables) > 0 {
		c.line("configs:")
	}
	for _, name := range tables {
		c.line("- config_name: %s\n  data_files: %s", quote(name), quote(name+".parquet"))
	}
	c.line("---\n")
}

func imageLicenceOf(o streetview.Origin) struct{ id, text string } {
	if l, ok := imageLicence[o]; ok {
		return l
	}
	return struct{ id, text string }{"other", "images whose licence is not known"}
}

// sizeCategory is the hub's name for a number of rows.
func sizeCategory(n int) string {
	names := []string{"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M"}
	for i, limit := 0, 1000; i < len(names); i, limit = i+1, limit*10 {
		if n < limit {
			return names[i]
		}
	}
	return "100M<n<1B"
}

// quote writes a string of YAML.
func quote(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}

func (c *card) summary() {
	c.line("Street views with the graph of the city around each (UGData): %s places of %s, with spatial context captions (SCC), spatial reasoning paths (SRP) and the training pairs of two stages.",
		thousands(c.dataset.all), strings.Join(c.cities(), ", "))
	c.line("Coordinates are longitude and latitude in degrees (WGS 84), distances metres, bearings degrees clockwise from north, ids 64-bit integers.\n")
	for _, note := range c.about.Notes {
		c.line("%s\n", note)
	}
}

func (c *card) contents() {
	c.line("## Contents\n")
	head := []string{"places in"}
	for _, s := range Splits {
		head = append(head, string(s))
	}
	rows := [][]string{append(head, "all")}
	total := map[Split]int{}
	for _, name := range c.cities() {
		rows = append(rows, countRow(name, c.dataset.places[name]))
		for s, n := range c.dataset.places[name] {
			total[s] += n
		}
	}
	c.table(append(rows, countRow("all", total))...)
	c.line("The splits are %s: blocks of the map that do not touch, see the audit; %s places are left out, too near to another split.\n",
		"train, val (to choose a checkpoint), test (places of the training cities) and heldout (cities that training never sees)", Buffer)
	rows = [][]string{{"training pairs of", "number"}}
	for _, name := range slices.Sorted(maps.Keys(c.dataset.pairs)) {
		rows = append(rows, []string{name, thousands(c.dataset.pairs[name])})
	}
	c.table(rows...)
	c.line("There are %s reasoning paths. A subgraph has %s nodes and %s edges on average.\n",
		thousands(c.dataset.paths), average(c.dataset.nodes, c.dataset.all), average(c.dataset.edges, c.dataset.all))
	if len(c.dataset.skipped) > 0 {
		rows = [][]string{{"views that are no places", "number"}}
		for _, r := range skipReasons {
			if n := c.dataset.skipped[r]; n > 0 {
				rows = append(rows, []string{string(r), thousands(n)})
			}
		}
		c.table(rows...)
	}
}

func countRow(name string, bySplit map[Split]int) []string {
	row, all := []string{name}, 0
	for _, s := range Splits {
		row = append(row, thousands(bySplit[s]))
		all += bySplit[s]
	}
	return append(row, thousands(all))
}

func average(sum, n int) string { return fmt.Sprintf("%.1f", float64(sum)/float64(max(n, 1))) }

// thousands writes a number with commas: 12,345.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (c *card) licence() {
	c.line("## Licence\n")
	credits := map[string]bool{osm.Credit: true}
	maps.Copy(credits, c.dataset.credits)
	c.line("- Map data, captions, paths and graphs: %s.", strings.Join(slices.Sorted(maps.Keys(credits)), "; "))
	origins := c.dataset.origins
	for _, o := range slices.Sorted(maps.Keys(origins)) {
		c.line("- %s images (origin `%s`): %s.", thousands(origins[o]), o, imageLicenceOf(o).text)
	}
	c.line("")
}

func (c *card) provenance() {
	s := c.about.Spec
	if s == nil {
		return
	}
	c.line("## Provenance\n")
	rows := [][]string{{"city", "held out", "extract", "bytes", "SHA-256", "box (west, south, east, north)"}}
	for i, v := range append(slices.Clone(s.Train), s.HeldOut...) {
		held := "no"
		if i >= len(s.Train) {
			held = "yes"
		}
		box := "whole extract"
		if b := v.City.Bound; !b.IsZero() {
			box = fmt.Sprintf("%g, %g, %g, %g", b.Min[0], b.Min[1], b.Max[0], b.Max[1])
		}
		src := v.City.Source
		rows = append(rows, []string{v.City.Name, held, src.File, thousands(int(src.Size)), "`" + src.SHA256 + "`", box})
	}
	c.table(rows...)
	if m := s.Captions; m != nil {
		by := c.dataset.captionsBy
		c.line("Captions and summaries of %s places were written by the model %s at %s, those of %s where it wrote none by templates. A model need not write the same again.\n",
			thousands(by[ByModel]), m.Model, m.URL, thousands(by[ByTemplate]))
	}
	c.line("Seed %d. The rest of how it was made, defaults filled in; made again with these, it is the same to the byte:\n", s.Seed)
	whole := *s
	if o, err := s.Options.withDefaults(); err == nil {
		whole.Options = o
	}
	text, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		text = []byte(err.Error())
	}
	c.line("```json\n%s\n```\n", text)
}

func (c *card) audit() {
	a := c.about.Audit
	if a == nil {
		return
	}
	c.line("## Audit\n")
	c.line("How far the splits are apart. What has a limit must keep it, the rest informs; \"ug data audit\" says why.\n")
	c.table(AuditTable(*a)...)
}
