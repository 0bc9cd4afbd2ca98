package ugbench

import (
	"bufio"
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table lays results out for reading: one row a result, in the order of tasks,
// regions and then as given, with a row of the chance level before each group of
// the same task, region and number of candidates. metrics names the columns; none
// are Hit@1, Hit@5, NDCG@5 and MRR. Values are percentages with their 95%
// intervals, but the margin is as it is.
func Table(results []*Result, metrics ...string) (header []string, rows [][]string) {
	if len(metrics) == 0 {
		metrics = []string{Hit1, Hit5, NDCG5, MRR}
	}
	header = append([]string{"Task", "Region", "Images", "Candidates", "Model", "n"}, metrics...)
	header = append(header, "queries/s")

	sorted := slices.Clone(results)
	slices.SortStableFunc(sorted, func(a, b *Result) int {
		return cmp.Or(
			cmp.Compare(slices.Index(Tasks, a.Task), slices.Index(Tasks, b.Task)),
			cmp.Compare(slices.Index(Regions, a.Region), slices.Index(Regions, b.Region)),
			cmp.Compare(a.Candidates[1], b.Candidates[1]),
			cmp.Compare(a.Candidates[0], b.Candidates[0]),
			cmp.Compare(a.Checksum, b.Checksum),
		)
	})
	for i, r := range sorted {
		lead := []string{string(r.Task), string(r.Region), r.Images, pool(r.Candidates)}
		if i == 0 || sorted[i-1].Checksum != r.Checksum || sorted[i-1].Task != r.Task || sorted[i-1].Region != r.Region {
			row := append(slices.Clone(lead), "chance", fmt.Sprint(r.N))
			for _, m := range metrics {
				row = append(row, exact(r.Chance, m))
			}
			rows = append(rows, append(row, ""))
		}
		row := append(slices.Clone(lead), r.Model, fmt.Sprint(r.N))
		for _, m := range metrics {
			row = append(row, interval(r.Metrics, m))
		}
		speed := ""
		if r.PerSecond > 0 {
			speed = fmt.Sprintf("%.1f", r.PerSecond)
		}
		rows = append(rows, append(row, speed))
	}
	return header, rows
}

func pool(n [2]int) string {
	if n[0] == n[1] {
		return fmt.Sprint(n[0])
	}
	return fmt.Sprintf("%d to %d", n[0], n[1])
}

func exact(m Metrics, name string) string {
	e, ok := m[name]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%.1f", 100*e.Value)
}

func interval(m Metrics, name string) string {
	e, ok := m[name]
	switch {
	case !ok:
		return ""
	case name == Margin:
		return fmt.Sprintf("%.3f [%.3f, %.3f]", e.Value, e.Low, e.High)
	}
	return fmt.Sprintf("%.1f [%.1f, %.1f]", 100*e.Value, 100*e.Low, 100*e.High)
}

// ComparisonTable lays paired tests out for reading. Differences are in
// percentage points with 95% intervals.
func ComparisonTable(comparisons []Comparison) (header []string, rows [][]string) {
	header = []string{"Task", "Region", "A", "B", "n", "Hit@5 A-B", "only A", "only B", "McNemar p", "MRR A-B", "permutation p"}
	for _, c := range comparisons {
		rows = append(rows, []string{
			string(c.Task), string(c.Region), c.A, c.B, fmt.Sprint(c.N),
			fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*c.Hit5, 100*c.Hit5Interval[0], 100*c.Hit5Interval[1]),
			fmt.Sprint(c.OnlyA), fmt.Sprint(c.OnlyB), fmt.Sprintf("%.2g", c.McNemar),
			fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*c.MRR.Value, 100*c.MRR.Low, 100*c.MRR.High),
			fmt.Sprintf("%.2g", c.Permutation),
		})
	}
	return header, rows
}

// WriteText writes a table in columns for a terminal. Cells that repeat the one
// above, from the left, stay empty.
func WriteText(w io.Writer, header []string, rows [][]string) error {
	width := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	buf := bufio.NewWriter(w)
	line := func(cells []string) {
		var b strings.Builder
		for i, cell := range cells {
			b.WriteString(cell)
			b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
		}
		fmt.Fprintln(buf, strings.TrimRight(b.String(), " "))
	}
	line(header)
	var rule []string
	for _, n := range width {
		rule = append(rule, strings.Repeat("-", n))
	}
	line(rule)
	for i, row := range rows {
		show := slices.Clone(row)
		if i > 0 {
			for j := 0; j < len(row)-1 && row[j] == rows[i-1][j]; j++ {
				show[j] = ""
			}
		}
		line(show)
	}
	return buf.Flush()
}

// WriteMarkdown writes a table in GitHub's Markdown.
func WriteMarkdown(w io.Writer, header []string, rows [][]string) error {
	buf := bufio.NewWriter(w)
	escape := strings.NewReplacer("|", `\|`, "\n", " ")
	line := func(cells []string) {
		for _, cell := range cells {
			fmt.Fprintf(buf, "| %s ", escape.Replace(cell))
		}
		fmt.Fprintln(buf, "|")
	}
	line(header)
	fmt.Fprintln(buf, strings.Repeat("| --- ", len(header))+"|")
	for _, row := range rows {
		line(row)
	}
	return buf.Flush()
}

// WriteHTML writes a table as an HTML table element.
func WriteHTML(w io.Writer, header []string, rows [][]string) error {
	buf := bufio.NewWriter(w)
	line := func(tag string, cells []string) {
		fmt.Fprint(buf, "<tr>")
		for _, cell := range cells {
			fmt.Fprintf(buf, "<%s>%s</%s>", tag, html.EscapeString(cell), tag)
		}
		fmt.Fprintln(buf, "</tr>")
	}
	fmt.Fprintln(buf, "<table>\n<thead>")
	line("th", header)
	fmt.Fprintln(buf, "</thead>\n<tbody>")
	for _, row := range rows {
		line("td", row)
	}
	fmt.Fprintln(buf, "</tbody>\n</table>")
	return buf.Flush()
}
