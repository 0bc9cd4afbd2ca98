package cell

import (
	"fmt"
	"strings"
	"testing"
)

// longCell is a cell of 200 lines: functions, a type, and statements of all kinds.
func longCell() string {
	var b strings.Builder
	b.WriteString("import (\n\t\"fmt\"\n\t\"strings\"\n)\n\n")
	for i := range 10 {
		fmt.Fprintf(&b, "// f%d counts words.\nfunc f%[1]d(s string, n int) (int, error) {\n\tif n > %[1]d {\n\t\treturn 0, fmt.Errorf(\"%%d is too many of %%s\", n, s)\n\t}\n\treturn len(strings.Fields(s)) + n, nil\n}\n\n", i)
	}
	for i := range 22 {
		fmt.Fprintf(&b, "n%d, err := f%d(\"a b c\", %[1]d)\nif err != nil {\n\tfmt.Println(\"failed\", err, earlier)\n\treturn\n}\n", i, i%10)
	}
	b.WriteString("fmt.Sprint(n0, n1, n21)\n")
	return b.String()
}

func BenchmarkCell(b *testing.B) {
	code := longCell()
	if n := strings.Count(code, "\n"); n < 195 || n > 205 || Parse(code).Err != nil {
		b.Fatal(n, " lines ", Parse(code).Err)
	}
	plan := Plan{
		Before: []string{"earlier := ugkeep.Get[int](\"earlier\")"}, Result: "ugshow.Result", Sync: "gonbui.Sync()",
		After: func(names []string) []string {
			out := make([]string, len(names))
			for i, n := range names {
				out[i] = "ugkeep.Put(\"" + n + "\", " + n + ")"
			}
			return out
		},
	}
	b.Run("parse+compose", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Parse(code).Compose(plan)
		}
	})
	b.Run("is complete", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Parse(code).IsComplete()
		}
	})
}
