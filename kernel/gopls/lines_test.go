package gopls

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLocate(t *testing.T) {
	for _, c := range []struct {
		text string
		want place
	}{
		{"fmt.|", inCode}, {"|", inCode}, {"x := 1 |// a", inCode}, {"x := 1 // a|", inText}, {"/* a| */", inText}, {"/* a */|", inCode},
		{"/* a|", inText}, {"\"a|b\"", inText}, {"\"ab\"|", inCode}, {"|\"ab\"", inCode}, {"\"ab|", inText}, {"`a\nb|`", inText}, {"'a|'", inText},
		{"import \"f|mt\"", inImport}, {"import \"f|", inImport}, {"import (\n\t\"os\"\n\tf \"f|\n)", inImport}, {"import \"os\"\nx := \"f|\"", inText},
		{"import (\n\"os\"\n)\nx := \"f|\"", inText},
		{"%ti|", inMagic}, {"%|", inMagic}, {"%%|", inMagic}, {"//gonb:%ti|", inMagic}, {"%cd a|", inShell}, {"!ls a|", inShell}, {"!|", inShell},
		{"x := 1\n%ti|", inMagic}, {"x := `\n%ti|`", inText}, {"x := 5 %| 2", inCode}, {"%%ba|sh\nls", inMagic}, {"%%bash\nl|s", inShell},
		{"%%bash\n%|s", inShell}, {"%cd a \\\n b|", inShell}, {"package ma|in", inCode}, {"%%\nfmt.|", inCode},
	} {
		code, offset := at(c.text)
		if got := locate(code, offset).place; got != c.want {
			t.Errorf("%q is in %d, want %d", c.text, got, c.want)
		}
	}
	for _, offset := range []int{-5, 1, 99} { // outside, and inside a character
		if c := locate("ä", offset); c.offset != 0 && c.offset != 2 {
			t.Errorf("offset %d becomes %d", offset, c.offset)
		}
	}
}

func TestCompleteLines(t *testing.T) {
	s := serve(t, nil)
	s.known.Load().lib.fill()
	dir := s.o.Dir()
	write(t, filepath.Join(dir, "data", "a file.csv"), "")
	write(t, filepath.Join(dir, "data", "inner", "x"), "")
	write(t, filepath.Join(dir, ".hidden"), "")
	home := t.TempDir()
	t.Setenv("HOME", home)
	write(t, filepath.Join(home, "mine.txt"), "")
	for _, c := range []struct{ text, want, kind string }{
		{"%ti|", "%time %timeit", "magic"},
		{"%TI|", "%time %timeit", "magic"},
		{"x := 1\n%|", "%time %timeit %%bash %cd", "magic"},
		{"%%b|", "%%bash", "magic"},
		{"//gonb:%cd|", "%cd", "magic"},
		{"%nothing|", "", ""},
		{"%cd da|", "data/", "path"},
		{"!cat data/|", `data/a\ file.csv data/inner/`, "path"},
		{"!cat data/a\\ f|", `data/a\ file.csv`, "path"},
		{"!cat <data/i|", `data/inner/`, "path"},
		{"!ls .h|", ".hidden", "path"},
		{"!ls ~/m|", "~/mine.txt", "path"},
		{"!ls " + dir + "/dat|", dir + "/data/", "path"},
		{"!ls nowhere/|", "", ""},
		{"%%bash\ncat da|", "data/", "path"},
		{"import \"house/|\"", "house/rooms", "module"},
		{"import \"encoding/js|", "encoding/json", "module"},
		{"import \"house/internal/|\"", "", ""},
	} {
		got := complete(t, s, notebook, c.text)
		if c.text == "x := 1\n%|" {
			slices.Sort(got.Matches)
			want := strings.Fields(c.want)
			slices.Sort(want)
			c.want = strings.Join(want, " ")
		}
		if text := strings.Join(got.Matches, " "); text != c.want && !strings.HasPrefix(text, c.want+" encoding/json/") {
			t.Errorf("%q: %s, want %s", c.text, text, c.want)
		}
		if len(got.Kinds) > 0 && string(got.Kinds[0]) != c.kind {
			t.Errorf("%q: %s, want %s", c.text, got.Kinds[0], c.kind)
		}
	}
	// The whole path up to the cursor is replaced.
	code := "!cat data/a"
	c, err := s.Complete(context.Background(), notebook, "\ufeff"+code, len("\ufeff"+code))
	if err != nil || c.Start != len("\ufeff!cat ") || c.End != len("\ufeff"+code) {
		t.Errorf("%+v %v", c, err)
	}
}

func TestPathsAreLimited(t *testing.T) {
	dir := t.TempDir()
	for i := range maxPaths + 5 {
		if err := os.WriteFile(filepath.Join(dir, strings.Repeat("x", i%50+1)+string(rune('a'+i/50))), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(completePath(locate("!ls ", 4), dir).Matches); n != maxPaths {
		t.Errorf("%d paths, want %d", n, maxPaths)
	}
}
