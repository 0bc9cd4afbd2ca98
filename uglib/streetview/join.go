package streetview

import (
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"urbangraph/uglib/streetview/sidecar"
)

// join gives each image file the row of the sidecar that belongs to it: the one
// with its path from the folder (also as an absolute path), else with its name
// alone, else with its name without ending, each whatever its case and the form
// of its accents; a row without a file name belongs to the file named by its
// id. A name that fits several files belongs to none of them.
func join(dir string, images []found, t *sidecar.Table, first bool) *SidecarUse {
	use := &SidecarUse{File: t.Path, First: first, Rows: len(t.Rows), Problems: t.Problems}
	index := newNameIndex(images)
	line := make([]int, len(images)) // of each image's row; 0 if there is none
	problem := func(r sidecar.Row, format string, args ...any) {
		use.Problems = append(use.Problems, sidecar.Problem{Line: r.Line, File: rowName(r),
			Text: fmt.Sprintf("%s, line %d: %s", t.Path, r.Line, fmt.Sprintf(format, args...))})
	}
	ids := map[int64]string{}
	for _, r := range t.Rows {
		i, fits := index.find(dir, rowName(r))
		switch {
		case fits == 0:
			use.NoFile = append(use.NoFile, SidecarRow{r.Line, rowName(r)})
			continue
		case fits > 1:
			problem(r, "%q fits %d files; write the path from the folder", rowName(r), fits)
			continue
		case line[i] > 0:
			problem(r, "%s has a row already, in line %d; remove one", images[i].file, line[i])
			continue
		}
		line[i] = r.Line
		use.Used++
		f := &images[i]
		f.first = first
		f.facts = facts{pos: r.Pos, hasPos: r.HasPos, heading: r.Heading, hasHeading: r.HasHeading, taken: r.Taken}
		if r.ID >= minID {
			if twin, taken := ids[r.ID]; taken {
				problem(r, "id %d is that of %s already; %s gets another", r.ID, twin, f.file)
				continue
			}
			ids[r.ID], f.id = f.file, r.ID
		}
	}
	for _, p := range t.Problems {
		if i, fits := index.find(dir, p.File); fits == 1 && line[i] == 0 {
			line[i] = p.Line
			images[i].first, images[i].fault = first, p.Text
		}
	}
	for i, l := range line {
		if l == 0 {
			use.NoRow = append(use.NoRow, images[i].file)
		}
	}
	return use
}

// minID is the least id of an image that no OSM node has: 15 digits.
const minID = 1e14

func rowName(r sidecar.Row) string {
	if r.File != "" {
		return r.File
	}
	return strconv.FormatInt(r.ID, 10)
}

// nameIndex finds files by their names.
type nameIndex struct {
	byPath, byBase, byStem map[string]place
}

// place is a file by its number, and how many files fit its name.
type place struct{ file, fits int }

func newNameIndex(images []found) *nameIndex {
	x := &nameIndex{map[string]place{}, map[string]place{}, map[string]place{}}
	add := func(m map[string]place, key string, i int) { m[key] = place{i, m[key].fits + 1} }
	for i := range images {
		key := plainName(images[i].file)
		base := path.Base(key)
		add(x.byPath, key, i)
		add(x.byBase, base, i)
		add(x.byStem, strings.TrimSuffix(base, path.Ext(base)), i)
	}
	return x
}

func (x *nameIndex) find(dir, name string) (file, fits int) {
	if name == "" {
		return 0, 0
	}
	if rel, err := filepath.Rel(dir, filepath.FromSlash(name)); err == nil && filepath.IsAbs(name) && filepath.IsLocal(rel) {
		name = filepath.ToSlash(rel)
	}
	key := plainName(name)
	for _, try := range []struct {
		in  map[string]place
		key string
	}{{x.byPath, key}, {x.byBase, path.Base(key)}, {x.byStem, path.Base(key)}} {
		if p := try.in[try.key]; p.fits > 0 {
			return p.file, p.fits
		}
	}
	return 0, 0
}

// plainName makes names equal that file systems and tables write differently.
func plainName(s string) string { return strings.ToLower(norm.NFC.String(s)) }
