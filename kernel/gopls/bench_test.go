package gopls

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"urbangraph/kernel/gofront"
)

// large is a notebook with the heaviest imports that notebooks here have.
var large = book{
	declared: "import (\n\"fmt\"\n\"github.com/gomlx/gomlx/core/graph\"\n\"gonum.org/v1/plot\"\n)\n\nfunc double(x *graph.Node) *graph.Node { return graph.Add(x, x) }\n",
	vars:     []KeptVariable{{Name: "figure", Type: "*plot.Plot"}},
}

// serveProject returns a server whose notebooks require all that the project requires; cache is that of
// gopls.
func serveProject(b *testing.B, gopls, cache string, patience time.Duration) *Server {
	tc := findToolchain(b)
	return New(Options{Gopls: gopls, Toolchain: tc, Env: gofront.Setenv(gofront.BuildEnv(os.Environ(), tc), "GOPLSCACHE", cache), Work: b.TempDir(),
		Module: func(dir string) error { return gofront.WriteModule(dir, "gonb_bench", repository(b)) }, Patience: patience, Log: b.Logf})
}

func ask(b *testing.B, s *Server, text string) Completion {
	b.Helper()
	code, offset := at(text)
	c, err := s.Complete(context.Background(), large, code, offset)
	if err != nil || len(c.Matches) == 0 {
		b.Fatalf("%q: %+v %v", text, c, err)
	}
	return c
}

// memory is what a process occupies, in MB.
func memory(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}

// BenchmarkFirst is the time from a kernel without gopls to its first completion, and to the first one
// that gopls gives: with the caches that gopls keeps between its runs, and without.
func BenchmarkFirst(b *testing.B) {
	gopls := realGopls(b)
	kept := filepath.Join(b.TempDir(), "kept")
	for _, name := range []string{"empty cache", "kept cache"} {
		b.Run(name, func(b *testing.B) {
			var first, byGopls time.Duration
			var mb float64
			for i := range b.N {
				cache := kept
				if name == "empty cache" {
					cache = filepath.Join(b.TempDir(), fmt.Sprint(i))
				}
				s := serveProject(b, gopls, cache, 0)
				began := time.Now()
				c := ask(b, s, "figure.Ad|")
				first += time.Since(began)
				for c.Own {
					c = ask(b, s, "figure.Ad|")
				}
				byGopls += time.Since(began)
				mb += memory(s.Process())
				s.Close()
			}
			b.ReportMetric(first.Seconds()*1e3/float64(b.N), "ms/first")
			b.ReportMetric(byGopls.Seconds()*1e3/float64(b.N), "ms/gopls")
			b.ReportMetric(mb/float64(b.N), "MB")
		})
	}
}

// BenchmarkWarm is a completion while gopls runs, the cell changed each time.
func BenchmarkWarm(b *testing.B) {
	s := serveProject(b, realGopls(b), filepath.Join(b.TempDir(), "cache"), 30*time.Second)
	defer s.Close()
	s.known.Load().lib.fill()
	for ask(b, s, "fmt.Pri|").Own {
	}
	for _, text := range []string{"figure.Ad|", "graph.Reduce|", "dou|", "strings.HasP|"} {
		ask(b, s, text)
		b.Run(text, func(b *testing.B) {
			i := 0
			for b.Loop() {
				i++
				if ask(b, s, fmt.Sprintf("x%d := %d\n%s", i, i, text)).Own {
					b.Fatal("answered without gopls")
				}
			}
		})
	}
	b.Run("inspect", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			code := fmt.Sprintf("x%d := graph.Add", i)
			if _, ok, err := s.Inspect(context.Background(), large, code, len(code), 0); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Logf("gopls occupies %.0f MB", memory(s.Process()))
}

// BenchmarkOwn is a completion without gopls.
func BenchmarkOwn(b *testing.B) {
	for _, text := range []string{"figure.Ad|", "graph.Reduce|", "dou|", "strings.HasP|"} {
		b.Run("first "+text, func(b *testing.B) {
			for b.Loop() {
				s := serveProject(b, "", "", 0)
				ask(b, s, text)
				s.Close()
			}
		})
		b.Run("again "+text, func(b *testing.B) {
			s := serveProject(b, "", "", 0)
			defer s.Close()
			for b.Loop() {
				ask(b, s, text)
			}
		})
	}
}
