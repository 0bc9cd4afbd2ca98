package kartaview

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/streetview/internal/fetch"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReadAnswers(t *testing.T) {
	var l list
	if err := judge(fetch.Answer{Status: 200, Body: read(t, "list.json")}, &l, &l.Status); err != nil || l.Total != 737 || len(*l.Items) != 1 {
		t.Fatalf("list %+v, %v", l, err)
	}
	var item listed
	if err := json.Unmarshal((*l.Items)[0], &item); err != nil {
		t.Fatal(err)
	}
	p, err := item.photo()
	if err != nil || p.KartaViewID != 1234567890 || *p.Geometry != (fetch.Point{103.845, 1.285}) || *p.Computed != (fetch.Point{103.84502, 1.28501}) ||
		*p.Compass != 74 || p.Taken().Format("2006-01-02") != "2023-01-01" || p.Creator != "someone" || p.Sequence != "7523977" || p.SequenceIndex != 12 || p.ImageURL != "" {
		t.Errorf("photograph %+v, %v", p, err)
	}
	var d details
	if err := judge(fetch.Answer{Status: 200, Body: read(t, "details.json")}, &d, &d.Status); err != nil || len(*d.Result.Data) != 2 {
		t.Fatalf("details %+v, %v", d, err)
	}
	var more detailed
	if err := json.Unmarshal((*d.Result.Data)[0], &more); err != nil {
		t.Fatal(err)
	}
	if p, ok := more.complete(p); !ok || p.ImageURL != "https://cdn.kartaview.org/pr:sharp/aHR0cHM" || p.Width != 3840 {
		t.Errorf("photograph with details %+v, %v", p, ok)
	}
}

func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   fetch.Kind
		text   string
	}{
		{200, string(read(t, "refused.json")), fetch.Refused, TokenVariable},
		{401, string(read(t, "refused.json")), fetch.Refused, "apiCode 401"},
		{400, string(read(t, "overloaded.json")), fetch.TooMuch, "apiCode 690"},
		{400, `{"status":{"apiCode":"408"}}`, fetch.TooMuch, "408"},
		{200, `{"status":{"apiCode":429}}`, fetch.Limited, "429"},
		{429, ``, fetch.Limited, "429"},
		{400, `{"status":{"apiCode":610,"apiMessage":"invalid"}}`, fetch.Wrong, "invalid"},
		{404, `{"status":{"apiCode":404}}`, fetch.Gone, "404"},
		{500, `{"status":{"apiCode":599}}`, fetch.Passing, "599"},
		{500, `oops`, fetch.TooMuch, "500"},
		{200, `{}`, fetch.Wrong, "must have changed"},
	} {
		var l list
		err := judge(fetch.Answer{Status: tc.status, Body: []byte(tc.body)}, &l, &l.Status)
		if !fetch.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%d %s is %v, want kind %d with %q", tc.status, tc.body, err, tc.want, tc.text)
		}
	}
	var l list
	if err := judge(fetch.Answer{Status: 200, Body: read(t, "list.json")[:400]}, &l, &l.Status); err == nil || fetch.Is(err, fetch.Wrong) {
		t.Errorf("half an answer is %v", err)
	}
}

// FuzzAnswer says that any answer is read or refused.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"list.json", "details.json", "refused.json", "overloaded.json"} {
		for _, status := range []int{200, 400, 500} {
			f.Add(status, read(f, name))
		}
	}
	f.Add(200, []byte(`{"status":{"apiCode":600},"osv":{"currentPageItems":[{"id":7,"lat":"x","lng":1e999}],"totalFilteredItems":[]}}`))
	f.Fuzz(func(t *testing.T, status int, data []byte) {
		var l list
		if judge(fetch.Answer{Status: status, Body: data}, &l, &l.Status) == nil {
			for _, items := range []*[]json.RawMessage{l.Items, l.OSV.Items} {
				if items == nil {
					continue
				}
				for _, raw := range *items {
					var item listed
					if json.Unmarshal(raw, &item) != nil {
						continue
					}
					if p, err := item.photo(); err == nil {
						sane(t, p)
					}
				}
			}
		}
		var d details
		if judge(fetch.Answer{Status: status, Body: data}, &d, &d.Status) == nil && d.Result.Data != nil {
			for _, raw := range *d.Result.Data {
				var item detailed
				if json.Unmarshal(raw, &item) != nil {
					continue
				}
				if p, ok := item.complete(Photo{KartaViewID: 1}); ok {
					sane(t, p)
					if !strings.HasPrefix(p.ImageURL, "http") || strings.ContainsAny(p.ImageURL, "{} ") {
						t.Fatalf("address %q", p.ImageURL)
					}
				}
			}
		}
	})
}

// sane checks what must hold for every photograph.
func sane(t *testing.T, p Photo) {
	t.Helper()
	if p.ID() <= 8e15 || p.ID() >= 9e15 || p.CapturedAt < 0 {
		t.Fatalf("photograph %+v", p)
	}
	if pos, ok := p.Pos(false); ok && !(math.Abs(pos[0]) <= 180 && math.Abs(pos[1]) <= 90) {
		t.Fatalf("position %v", pos)
	}
	if h, ok := p.Heading(false); ok && !(h >= 0 && h < 360) {
		t.Fatalf("heading %v", h)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Fatal(err)
	}
}
