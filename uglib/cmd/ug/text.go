package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// facts are lines of "name  value" in one column each.
type facts [][2]string

func (f *facts) add(name, format string, args ...any) {
	*f = append(*f, [2]string{name, fmt.Sprintf(format, args...)})
}

func (f facts) write(w io.Writer) error {
	width := 0
	for _, x := range f {
		width = max(width, utf8.RuneCountInString(x[0]))
	}
	for _, x := range f {
		pad := strings.Repeat(" ", width-utf8.RuneCountInString(x[0]))
		if _, err := fmt.Fprintln(w, strings.TrimRight(x[0]+pad+"  "+x[1], " ")); err != nil {
			return err
		}
	}
	return nil
}

// bytes writes a size for people.
func bytes(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}

// seconds writes a build time for people.
func seconds(s float64) string {
	if s < 60 {
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%d min %02d s", int(s)/60, int(s)%60)
}

// byCount returns the keys of m, those with the largest numbers first.
func byCount(m map[string]int) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b))
	})
}
