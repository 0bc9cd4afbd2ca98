package gopls

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MagicHelp is a magic of the kernel and one line on what it does.
type MagicHelp struct {
	Name string // with its % or %%
	Help string
}

// completeMagic completes the name of a magic.
func (o Options) completeMagic(c cursor) Completion {
	from := c.from
	if rest := c.code[from:c.offset]; strings.HasPrefix(rest, specialPrefix) {
		from += len(specialPrefix)
	}
	end := c.offset
	for end < len(c.code) && !strings.ContainsRune(" \t\r\n", rune(c.code[end])) {
		end++
	}
	out := Completion{Start: from, End: end, Own: true}
	for _, m := range o.Magics {
		if strings.HasPrefix(strings.ToLower(m.Name), strings.ToLower(c.code[from:c.offset])) {
			out.add(m.Name, Magic, m.Help)
		}
	}
	return out
}

// inspectMagic finds the help of the magic in the line of the cursor.
func (o Options) inspectMagic(c cursor) (string, bool) {
	line := strings.TrimPrefix(lineAt(c.code, c.from), specialPrefix)
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	for _, m := range o.Magics {
		if m.Name == word {
			return m.Name + ": " + m.Help, true
		}
	}
	return "", false
}

// maxPaths limits the paths that are offered.
const maxPaths = 500

// completePath completes a path of the file system in a shell command, a script or the arguments of a
// magic. Paths are relative to dir.
func completePath(c cursor, dir string) Completion {
	line := c.code[c.from:c.offset]
	start := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case ' ', '\t', '"', '\'', '=', ';', '|', '&', '<', '>', '(', '!', '%':
			start = i + 1
		}
	}
	start = min(start, len(line))
	out := Completion{Start: c.from + start, End: c.offset, Own: true}
	word := strings.ReplaceAll(line[start:], `\ `, " ")
	folder, base := filepath.Split(word)
	look := folder
	switch home, err := os.UserHomeDir(); {
	case strings.HasPrefix(folder, "~/") && err == nil:
		look = filepath.Join(home, folder[2:])
	case !filepath.IsAbs(folder):
		look = filepath.Join(dir, folder)
	}
	entries, err := os.ReadDir(look)
	if err != nil {
		return out
	}
	var names []string
	for _, e := range entries {
		n := e.Name()
		if !strings.HasPrefix(n, base) || strings.HasPrefix(n, ".") && !strings.HasPrefix(base, ".") || strings.ContainsAny(n, "\n\r") {
			continue
		}
		if fi, err := os.Stat(filepath.Join(look, n)); err == nil && fi.IsDir() {
			n += "/"
		}
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names[:min(len(names), maxPaths)] {
		out.add(strings.ReplaceAll(folder+n, " ", `\ `), Path, "")
	}
	return out
}
