package mapillary

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"urbangraph/uglib/internal/streetserver"
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

func TestReadImages(t *testing.T) {
	var p page
	if err := json.Unmarshal(read(t, "images.json"), &p); err != nil || len(p.Data) != 3 {
		t.Fatal(len(p.Data), err)
	}
	a := newAPI(nil, Query{})
	var all []Photo
	for _, raw := range p.Data {
		photo, err := a.photo(raw)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, photo)
	}
	first := all[0]
	if first.ID() != 1933525276802129 || first.CapturedAt != 1507560881000 || *first.Compass != 200.93476466846 || *first.ComputedCompass != 201.5 ||
		(*first.Computed)[0] != -97.743281 || first.Creator != "someone" || first.CreatorID != "102718865306727" || first.Width != 4000 || first.Model != "HERO8 Black" ||
		!strings.Contains(first.ImageURL, "oe=68FFFFFF") || first.Pano {
		t.Errorf("first = %+v", first)
	}
	if second := all[1]; second.ID() != 9007199254740993 || second.Compass != nil || second.Computed != nil || second.Creator != "" || second.Attribution != "Mapillary, CC BY-SA 4.0" {
		t.Errorf("second = %+v", second)
	}
	if third := all[2]; third.ID() != 3 || third.Geometry != nil || !third.Pano || third.Taken().Year() != 2022 || third.Creator != "plain" {
		t.Errorf("third = %+v", third)
	}
}

func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   fetch.Kind
		text   string
	}{
		{400, string(read(t, "timeout.json")), fetch.TooMuch, "Query Timeout"},
		{400, `{"error":{"code":-2,"message":"x"}}`, fetch.TooMuch, "code -2"},
		{500, string(read(t, "reduce.json")), fetch.TooMuch, "reduce the amount"},
		{400, string(read(t, "token.json")), fetch.Refused, "www.mapillary.com/dashboard/developers"},
		{401, string(read(t, "token.json")), fetch.Refused, TokenVariable},
		{500, string(read(t, "token.json")), fetch.Refused, "Invalid OAuth"},
		{200, string(read(t, "token.json")), fetch.Refused, "code 190"},
		{400, `{"error":{"code":4,"message":"Application request limit reached"}}`, fetch.Limited, "limit reached"},
		{403, `{"error":{"code":"613","message":"Calls to this api have exceeded the rate limit."}}`, fetch.Limited, "rate limit"},
		{500, `{"error":{"code":2,"message":"Service temporarily unavailable"}}`, fetch.Passing, "unavailable"},
		{400, `{"error":{"code":100,"message":"Invalid parameter: bbox is too large"}}`, fetch.TooMuch, "too large"},
		{400, `{"error":{"code":100,"message":"Unsupported get request. Object with ID '1' does not exist"}}`, fetch.Gone, "does not exist"},
		{400, `{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (foo)"}}`, fetch.Wrong, "nonexisting field (foo)"},
		{403, `{"error":{"code":10,"message":"Application does not have permission for this action"}}`, fetch.Refused, "right to read"},
		{400, `{"error":{"code":9999,"message":"Try later","is_transient":true}}`, fetch.Passing, "Try later"},
		{500, `{"error":{"message":"An unexpected error"}}`, fetch.TooMuch, "unexpected"},
		{400, `{"error":{"message":"Bad"}}`, fetch.Wrong, "Bad"},
		{429, `{"error":{"code":1,"message":"x"}}`, fetch.Limited, "x"},
		{500, ``, fetch.TooMuch, "500"},
		{504, `<html>`, fetch.TooMuch, "504"},
		{502, ``, fetch.Passing, "502"},
		{404, `{}`, fetch.Gone, "404"},
		{400, `{"error":"text"}`, fetch.Wrong, "400"},
	} {
		f := judge(fetch.Answer{Status: tc.status, Body: []byte(tc.body)})
		if f == nil || f.Kind != tc.want || !strings.Contains(f.Text, tc.text) {
			t.Errorf("%d %s is %+v, want kind %d with %q", tc.status, tc.body, f, tc.want, tc.text)
		}
	}
	if f := judge(fetch.Answer{Status: 200, Body: read(t, "images.json")}); f != nil {
		t.Errorf("a good answer is %v", f)
	}
	long := judge(fetch.Answer{Status: 400, Body: []byte(`{"error":{"code":7,"message":"` + strings.Repeat("é\\n", 4000) + `"}}`)})
	if n := len([]rune(long.Text)); n > 310 {
		t.Errorf("an error of %d characters", n)
	}
}

// TestCursors says that the pages of a search by creator are followed by their
// cursors, never by the address that holds the token.
func TestCursors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 3)
		b.query.Creator = "anna"
		b.area.Max = b.area.Min
		b.area.Max[0] += 0.001
		b.area.Max[1] += 0.001
		pages := 0
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			if c.Kind != "images" {
				return nil
			}
			pages++
			row := `{"id":"10000000000000%d","creator":{"username":"anna"},"geometry":{"type":"Point","coordinates":[9.9705,53.5405]},"thumb_2048_url":"` + b.Base + `/file/100000000000001.jpg?signature=0"}`
			row = strings.ReplaceAll(row, "%d", string('0'+rune(pages)))
			next := `,"paging":{"cursors":{"after":"c` + string('0'+rune(pages)) + `"},"next":"https://elsewhere.example/images?access_token=x"}`
			if pages == 3 {
				next = ""
			}
			if pages > 1 && !strings.Contains(c.URL, "after=c"+string('0'+rune(pages-1))) {
				t.Errorf("page %d is %s", pages, c.URL)
			}
			return &streetserver.Fault{Status: 200, Body: `{"data":[` + row + `]` + next + `}`}
		}
		if r := b.must(t.Context()); r.Found != 3 || pages != 3 {
			t.Errorf("%d photographs in %d pages", r.Found, pages)
		}
	})
}

// FuzzAnswer says that any answer is read or refused, with an exact id and a
// position on the Earth.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"images.json", "timeout.json", "token.json", "reduce.json", "page.json"} {
		for _, status := range []int{200, 400, 500} {
			f.Add(status, read(f, name))
		}
	}
	f.Add(200, []byte(`{"data":[{"id":"1e3","geometry":{"type":"Point","coordinates":[1e999,0]}}]}`))
	f.Fuzz(func(t *testing.T, status int, data []byte) {
		if fault := judge(fetch.Answer{Status: status, Body: data}); fault != nil {
			if fault.Error() == "" || len(fault.Text) > 4000 {
				t.Fatalf("fault %+v", fault)
			}
			return
		}
		var p page
		if json.Unmarshal(data, &p) != nil {
			return
		}
		a := newAPI(nil, Query{})
		for _, raw := range p.Data {
			photo, err := a.photo(raw)
			if err != nil {
				continue
			}
			sane(t, photo)
		}
	})
}

// sane checks what must hold for every photograph.
func sane(t *testing.T, p Photo) {
	t.Helper()
	if p.ID() <= 0 || p.CapturedAt < 0 || p.Width < 0 {
		t.Fatalf("photograph %+v", p)
	}
	if pos, ok := p.Pos(false); ok && !(math.Abs(pos[0]) <= 180 && math.Abs(pos[1]) <= 90) {
		t.Fatalf("position %v", pos)
	}
	if h, ok := p.Heading(false); ok && !(h >= 0 && h < 360) {
		t.Fatalf("heading %v", h)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again Photo
	if err := json.Unmarshal(data, &again); err != nil || again.ID() != p.ID() {
		t.Fatalf("%s is read again as %d, %v", data, again.ID(), err)
	}
}
