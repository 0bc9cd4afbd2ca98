package engine

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// items reads a table whole.
func items(t *testing.T, path string) ([]Item, error) {
	t.Helper()
	var out []Item
	for it, err := range ReadTable(path) {
		if err != nil {
			return out, err
		}
		out = append(out, it)
	}
	n, err := CountTable(path)
	if err != nil || n != len(out) {
		t.Errorf("%s: %d items, counted %d, %v", path, len(out), n, err)
	}
	return out, nil
}

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTables(t *testing.T) {
	dir := t.TempDir()
	url := "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("pixels"))
	type withPath struct {
		ID    int64  `parquet:"id"`
		Text  string `parquet:"text,optional"`
		Image string `parquet:"image,optional"`
	}
	type picture struct {
		Bytes []byte `parquet:"bytes,optional"`
		Path  string `parquet:"path,optional"`
	}
	type withPicture struct {
		ID    string  `parquet:"ID"`
		Image picture `parquet:"image"`
	}
	type withBytes struct {
		Text  string `parquet:"text"`
		Image []byte `parquet:"image"`
	}
	paths := filepath.Join(dir, "paths.parquet")
	pictures := filepath.Join(dir, "pictures.parquet")
	raw := filepath.Join(dir, "bytes.parquet")
	for _, err := range []error{
		parquet.WriteFile(paths, []withPath{{1, "Elm", ""}, {2, "", "a/b.jpg"}, {3, "x", url}}),
		parquet.WriteFile(pictures, []withPicture{{"p", picture{[]byte("pixels"), "p.png"}}, {"q", picture{nil, "q.png"}}}),
		parquet.WriteFile(raw, []withBytes{{"Elm", []byte("pixels")}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		path string
		want []Item
	}{
		{writeFile(t, dir, "a.csv", "\ufeffID,Text,image\n1,Elm,\n2,,a/b.jpg\n3,\"x, \"\"y\"\"\",/c.png\n"), []Item{{ID: "1", Text: "Elm"}, {ID: "2", Image: in("a/b.jpg")}, {ID: "3", Text: `x, "y"`, Image: "/c.png"}}},
		{writeFile(t, dir, "b.CSV", "text\nElm\n"), []Item{{Text: "Elm"}}},
		{writeFile(t, dir, "c.jsonl", `{"id": 12345678901234567890, "text": "Elm"}`+"\n\n"+`{"id": "b", "image": "`+url+`", "more": [1]}`+"\n"), []Item{{ID: "12345678901234567890", Text: "Elm"}, {ID: "b", Image: "data URL", Data: []byte("pixels")}}},
		{paths, []Item{{ID: "1", Text: "Elm"}, {ID: "2", Image: in("a/b.jpg")}, {ID: "3", Text: "x", Image: "data URL", Data: []byte("pixels")}}},
		{pictures, []Item{{ID: "p", Image: in("p.png"), Data: []byte("pixels")}, {ID: "q", Image: in("q.png")}}},
		{raw, []Item{{Text: "Elm", Data: []byte("pixels")}}},
	} {
		got, err := items(t, c.path)
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %+v, %v", c.path, got, err)
			continue
		}
		for i, it := range got {
			w := c.want[i]
			if it.ID != w.ID || it.Text != w.Text || it.Image != w.Image || string(it.Data) != string(w.Data) || it.Broken != nil {
				t.Errorf("%s: item %d is %+v, want %+v", c.path, i, it, w)
			}
		}
	}
}

func TestBrokenTables(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, text, want string }{
		{"a.csv", "id,text,image\n1,Elm,\n2,x\n3,Oak,\n", "line 3 has 2 fields"},
		{"b.csv", "id,text\n1,Elm\n2,\"x\" y\n3,Oak\n", "line 3"},
		{"c.jsonl", `{"text": "Elm"}` + "\n" + `{"text": 5}` + "\n" + `{"text": "Oak"}`, "line 2"},
		{"d.jsonl", `{"text": "Elm"}` + "\n" + `{"text": "x"} {}` + "\n" + `{"text": "Oak"}`, "follows"},
		{"e.jsonl", `{"text": "Elm"}` + "\n" + `{"id": [], "text": "x"}` + "\n" + `{"text": "Oak"}`, "the id is neither"},
		{"f.jsonl", `{"text": "Elm"}` + "\n" + `{"image": "https://example.org/a.jpg"}` + "\n" + `{"text": "Oak"}`, "not fetched"},
		{"g.jsonl", `{"text": "Elm"}` + "\n" + `{"image": "data:image/png;base64,%%"}` + "\n" + `{"text": "Oak"}`, "base64 is damaged"},
		{"h.jsonl", `{"text": "Elm"}` + "\n" + `{"image": "data:image/png,abc"}` + "\n" + `{"text": "Oak"}`, "no data URL in base64"},
	} {
		got, err := items(t, writeFile(t, dir, c.name, c.text))
		if err != nil || len(got) != 3 || got[0].Text != "Elm" || got[2].Text != "Oak" {
			t.Errorf("%s: %+v, %v", c.name, got, err)
			continue
		}
		wantError(t, got[1].Broken, c.want)
	}
	for _, c := range []struct{ name, text, want string }{
		{"a.csv", "id,caption\n1,Elm\n", "columns are id, caption"},
		{"b.csv", "", "names of the columns"},
		{"c.parquet", "PAR1 and nothing more PAR1", "c.parquet"},
		{"d.txt", "", ".jsonl"},
	} {
		_, err := items(t, writeFile(t, dir, c.name, c.text))
		wantError(t, err, c.want, c.name)
	}
	_, err := items(t, filepath.Join(dir, "none.csv"))
	wantError(t, err, "none.csv")
	other := filepath.Join(dir, "other.parquet")
	if err := parquet.WriteFile(other, []struct {
		Caption string `parquet:"caption"`
	}{{"x"}}); err != nil {
		t.Fatal(err)
	}
	_, err = items(t, other)
	wantError(t, err, "columns are caption")
	if _, err := CountTable(other); err == nil {
		t.Error("counted")
	}
	// Reading ends where the caller ends it.
	for it, err := range ReadTable(writeFile(t, dir, "many.csv", "text\na\nb\nc\n")) {
		if it.Text != "a" || err != nil {
			t.Errorf("%+v, %v", it, err)
		}
		break
	}
}

func FuzzReadJSONL(f *testing.F) {
	f.Add(`{"id": 1, "text": "a", "image": "b"}`)
	f.Add("{}\n[]\nnull\n{\"image\":\"data:;base64,AA==\"}")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		for it, err := range ReadJSONL(strings.NewReader(text), "dir") {
			if err == nil && it.Broken == nil && it.Data != nil && it.Image == "" {
				t.Errorf("bytes without a name: %+v", it)
			}
			n++
		}
		if n > strings.Count(text, "\n")+1 {
			t.Errorf("%d items of %q", n, text)
		}
	})
}

func FuzzReadCSV(f *testing.F) {
	f.Add("id,text\n1,a\n")
	f.Add("text,image\n\"a\nb\",c\n,\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		for _, err := range ReadCSV(strings.NewReader(text), "dir") {
			if n++; err != nil && n > 1 {
				t.Errorf("%q: %v", text, err)
			}
		}
		if n > strings.Count(text, "\n")+1 {
			t.Errorf("%d items of %q", n, text)
		}
	})
}
