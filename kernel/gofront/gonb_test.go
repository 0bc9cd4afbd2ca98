package gofront

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"urbangraph/kernel/client"
)

// realGonb builds GoNB once for all tests that need it.
var realGonb = sync.OnceValues(func() (string, error) {
	bin, err := programs()
	if err != nil {
		return "", err
	}
	file := filepath.Join(bin, "gonb")
	if out, err := exec.Command("go", "build", "-o", file, "github.com/janpfeifer/gonb").CombinedOutput(); err != nil {
		return "", errors.New(err.Error() + ": " + string(out))
	}
	return file, nil
})

// startGonb runs an unmodified GoNB whose PATH leads to the fronts.
func startGonb(t testing.TB, g *gonb) *client.Kernel {
	t.Helper()
	file, err := realGonb()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	k, err := client.Start(ctx, []string{file, "--kernel", "{connection_file}", "-raw_error"}, g.env, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// printed is what a cell prints, with the text of an error.
func printed(t testing.TB, k *client.Kernel, code string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := k.Execute(ctx, code, client.Options{})
	if err != nil {
		t.Fatalf("%v: %s", err, code)
	}
	var b strings.Builder
	for _, o := range r.Outputs {
		b.WriteString(o.Text + strings.Join(o.Traceback, "\n"))
	}
	return b.String()
}

// TestUnmodifiedGonb runs cells in the real GoNB, and checks that it asks for the programs that were begun
// ahead.
func TestUnmodifiedGonb(t *testing.T) {
	if testing.Short() {
		t.Skip("builds GoNB")
	}
	g := newGonb(t, project(t), nil)
	k := startGonb(t, g)
	for i, c := range []struct{ code, want string }{
		{"func Double(x int) int { return 2 * x }\n\nvar Table = map[string]int{\"a\": 1}\n", ""},
		{"%%\nfmt.Println(Double(4), rooms.Name)\n", "8 kitchen\n"},
		{"import f \"fmt\"\n\ntype T struct{ A int }\n\n// S says it.\nfunc (t T) S() string { return f.Sprint(t.A) }\n\nconst (\n\tX = iota\n\tY\n)\n\n%%\nfmt.Println(T{7}.S(), Y, Table)\n", "7 1 map[a:1]\n"},
		{"%%\n_ = \"not formatted  \";   fmt.Print( rand.IntN(1),\"\\n\" )\n", "0\n"},
	} {
		before := g.d.ahead.uses()
		if got := printed(t, k, c.code); got != c.want {
			t.Errorf("%q printed %q, want %q", c.code, got, c.want)
		}
		if n := g.d.ahead.uses() - before; n != 1 {
			t.Errorf("cell %d: %d programs that were begun ahead were asked for", i, n)
		}
	}
	if got := printed(t, k, "%%\nfmt.Println(none.None)\n"); !strings.Contains(got, "undefined: none") {
		t.Errorf("an unknown package: %q", got)
	}
	if got := printed(t, k, "import _ \"example.com/none\"\n\n%%\n"); !strings.Contains(got, "%get example.com/none@latest") {
		t.Errorf("a missing module: %q", got)
	}
	if got := printed(t, k, "%test\nfunc TestX(t *testing.T) {}\n"); !strings.Contains(got, "PASS") {
		t.Errorf("a test: %q", got)
	}
	if got := printed(t, k, "!*go env GOROOT; pwd; ls"); !strings.Contains(got, g.d.Root+"\n") && !strings.Contains(got, g.d.Cache) {
		t.Errorf("a shell line: %q", got)
	}
}

// uses is how many builds begun ahead were waited for.
func (a *ahead) uses() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used
}

// BenchmarkGonb times cells in the real GoNB with the fronts.
func BenchmarkGonb(b *testing.B) {
	root, err := filepath.Abs(repo)
	if err != nil {
		b.Fatal(err)
	}
	g := newGonb(b, root, func(s *Settings) {
		if c := os.Getenv("GOFRONT_CACHE"); c != "" {
			s.Cache = c
		}
	})
	k := startGonb(b, g)
	number := int(time.Now().UnixNano() % 1e9)
	for _, c := range benchCells {
		code := c.source[strings.Index(c.source, "import"):]
		code = strings.TrimSuffix(strings.Replace(code, "func main() {\n", "%%\n", 1), "}\n")
		for _, kind := range []string{"changed", "unchanged"} {
			b.Run(c.name+"/"+kind, func(b *testing.B) {
				var times []time.Duration
				run := func() {
					if kind == "changed" {
						number++
					}
					start := time.Now()
					printed(b, k, strings.ReplaceAll(code, "@", fmt.Sprint(number)))
					times = append(times, time.Since(start))
					time.Sleep(50 * time.Millisecond) // as between two requests of a client
				}
				run()
				times = nil
				for b.Loop() {
					run()
				}
				slices.Sort(times)
				b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-median")
				b.ReportMetric(float64(times[0].Microseconds())/1000, "ms-min")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
