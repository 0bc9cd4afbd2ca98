package plots

import (
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
)

var void = regexp.MustCompile(`<(img|br|meta)([^>]*)>`)

// wellFormed checks that the elements of a fragment of HTML nest.
func wellFormed(t *testing.T, fragment string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader("<x>" + void.ReplaceAllString(fragment, "<$1$2/>") + "</x>"))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v in %.400s", err, fragment)
		}
	}
}

func TestTableText(t *testing.T) {
	got := Table([]string{"Model", "Hit@5", "n"}, [][]string{{"Stage 1", "0.51", "262"}, {"Chance", "0.25"}, {"Größe", "–", "1,000", "extra"}}).
		Caption("Geolocation").Text()
	want := `Geolocation
Model    Hit@5      n
----------------------------
Stage 1   0.51    262
Chance    0.25
Größe        –  1,000  extra`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := Table([]string{"a", "b"}, [][]string{{"1", "22"}}).Align("lc").Text(); got != "a  b\n-----\n1  22" {
		t.Errorf("got %q", got)
	}
	if got := Table(nil, nil).Text(); got != "" {
		t.Errorf("empty table: %q", got)
	}
}

func TestTableHTML(t *testing.T) {
	got, err := Table([]string{"<h>", "n"}, [][]string{{`"><script>`, "3"}, {"b", "−4"}}).Caption("a & b").Strong(1).HTML()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, got)
	for _, want := range []string{"a &amp; b</caption>", "&lt;h&gt;", "&#34;&gt;&lt;script&gt;", "text-align:right", "font-weight:bold\">b</td>"} {
		if !strings.Contains(got, want) {
			t.Errorf("HTML lacks %q: %s", want, got)
		}
	}
	if n := strings.Count(got, "<td"); n != 4 {
		t.Errorf("%d cells", n)
	}
}

func FuzzTable(f *testing.F) {
	f.Add("a", "1.5", "caption", "lr")
	f.Add("<b>", "\"'", "</caption>", "xyz")
	f.Add("\xff", "−", "", "")
	f.Fuzz(func(t *testing.T, a, b, caption, align string) {
		tab := Table([]string{a, b}, [][]string{{b}, {a, b, a}}).Caption(caption).Align(align)
		got, err := tab.HTML()
		if err != nil {
			t.Fatal(err)
		}
		tags := 2 + 2*3 + 2 + 2 + 2*3*3 // table, rows, head, body, cells
		if caption != "" {
			tags += 2
		}
		if n := strings.Count(got, "<"); n != tags {
			t.Errorf("%d tags, want %d: %s", n, tags, got)
		}
		_ = tab.Text()
	})
}
