package ugdata

import (
	_ "embed"
	"path"
	"slices"
	"strings"
)

// longestList is how many files of a folder a card names one by one.
const longestList = 24

// files lists the files, those of a folder with many of them together.
func (c *card) files(files []fileSum) {
	c.line("## Files\n")
	folders := map[string][]fileSum{}
	var order []string
	for _, f := range files {
		dir := path.Dir(f.Name)
		if folders[dir] == nil {
			order = append(order, dir)
		}
		folders[dir] = append(folders[dir], f)
	}
	slices.Sort(order)
	rows := [][]string{{"file", "bytes", "SHA-256"}}
	for _, dir := range order {
		if list := folders[dir]; len(list) > longestList {
			var size int64
			for _, f := range list {
				size += f.Size
			}
			rows = append(rows, []string{dir + "/ (" + thousands(len(list)) + " files)", thousands(int(size)), "see " + sumsFile})
			continue
		}
		for _, f := range folders[dir] {
			rows = append(rows, []string{f.Name, thousands(int(f.Size)), "`" + f.SHA256 + "`"})
		}
	}
	c.table(rows...)
	c.line("`sha256sum -c %s` checks them all.\n", sumsFile)
}

// examples are how to load the files of a format; each is run by the tests.
//
//go:embed loading.md
var examples string

// loading shows how to load the formats that the folder holds: the parts of
// loading.md whose first file is there.
func (c *card) loading(files []fileSum) {
	has := func(pattern string) bool {
		return slices.ContainsFunc(files, func(f fileSum) bool {
			ok, _ := path.Match(pattern, f.Name) // the patterns are ours and right
			return ok
		})
	}
	c.line("## Loading\n")
	for part := range strings.SplitSeq(examples, "<!-- if ") {
		pattern, text, ok := strings.Cut(part, " -->\n")
		if ok && has(pattern) {
			c.line("%s\n", strings.TrimSpace(text))
		}
	}
}
