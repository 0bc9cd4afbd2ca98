package gopls

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// repository is the root of the clone.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// realGopls is the gopls that the set-up has installed, or the one in PATH. Without any the test is
// skipped, but not where everything has to be tested.
func realGopls(t testing.TB) string {
	t.Helper()
	path := filepath.Join(repository(t), ".ug", "bin", "gopls")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	path, err := exec.LookPath("gopls")
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatal("gopls is not installed: run go install tool")
	}
	t.Skip("gopls is not installed: run ugkernel lab or go install tool")
	return ""
}

// awaitGopls waits until gopls answers instead of us.
func awaitGopls(t testing.TB, s *Server) {
	t.Helper()
	s.Warm(notebook)
	for end := time.Now().Add(60 * time.Second); complete(t, s, notebook, "fmt.Pri|").Own; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("gopls does not answer")
		}
	}
}

func TestRealGopls(t *testing.T) {
	t.Parallel()
	s := serve(t, func(o *Options) {
		o.Gopls = realGopls(t)
		o.Patience = 30 * time.Second
	})
	awaitGopls(t, s)
	s.known.Load().lib.fill()
	for _, c := range []struct{ text, want, not string }{
		{"fmt.Pri|", "Print Printf Println", "Sprint"},
		{"fmt.pri|ntln", "Print Println", ""},
		{"strings.HasPre|", "HasPrefix", ""}, // not imported
		{"help|", "helper", ""},
		{"points[0].|", "X Y Tag Norm", ""},
		{"p := Point{}\np.|\nq := 2", "X Norm", ""},
		{"byName[\"\"].A|", "Area", ""},
		{"h.|", "New Room Hall", "hidden"},
		{"func f() { fmt.Spr|", "Sprint", ""},
		{"for _, p := range points {\n\tp.No|", "Norm", ""},
		{"x := strings.NewReader(\"\")\nx.ReadR|", "ReadRune", ""},
		{"%time\nfmt.Pri|", "Println", ""},
		{"var a int\n%%\nfmt.Pri|", "Println", ""},
		{"ä := \"😀\"; fmt.Pri|", "Println", ""},
		{"fmt.Println(strings.ToU|", "ToUpper", ""},
		{"strin|", "string strings", ""},
		{"type T struct{ Own int }\nvar t T\nt.|", "Own", ""},
		{"Point{X: 1, T|}", "Tag", ""},
		{"import \"os\"\nos.Get|", "Getenv", ""},
	} {
		got := complete(t, s, notebook, c.text)
		if got.Own {
			t.Errorf("%q was answered without gopls", c.text)
		}
		for w := range strings.FieldsSeq(c.want) {
			if !slices.Contains(got.Matches, w) {
				t.Errorf("%q: %s is missing in %.300v", c.text, w, got.Matches)
			}
		}
		for w := range strings.FieldsSeq(c.not) {
			if slices.Contains(got.Matches, w) {
				t.Errorf("%q: %s should not be in %.300v", c.text, w, got.Matches)
			}
		}
		code, offset := at(c.text)
		from, to := identifierAt(code, offset)
		if got.Start != from || got.End != to {
			t.Errorf("%q: replaces %d to %d, want %d to %d", c.text, got.Start, got.End, from, to)
		}
	}
	for _, c := range []struct {
		text   string
		detail int
		want   string
	}{
		{"fmt.Pr|intln(1)", 0, "func fmt.Println(a ...any) (n int, err error)|Println formats using"},
		{"fmt.Pr|intln(1)", 1, "Println formats using|return Fprintln(os.Stdout, a...)"},
		{"fmt.Println(1, |)", 0, "Println(a ...any)"},
		{"points[0].No|rm()", 0, "Norm() float64|distance from the origin"},
		{"poi|nts", 0, "var points []Point"},
		{"help|er(1)", 1, "return fmt.Sprint(count), nil"},
		{"helper(1, |)", 0, "helper(count int, names ...string)"},
		{"h.Ro|om{}", 0, "Name string|Room is a room"},
		{"x := 1\nx|", 0, "var x int"},
		{"strings.HasPrefix(|", 0, "HasPrefix(s"},
		{"nothing|", 0, ""},
		{"// a|", 0, ""},
	} {
		code, offset := at(c.text)
		got, ok, err := s.Inspect(context.Background(), notebook, code, offset, c.detail)
		if err != nil || ok != (c.want != "") {
			t.Errorf("%q: found %v, %v: %v", c.text, ok, err, got)
			continue
		}
		for w := range strings.SplitSeq(c.want, "|") {
			if !strings.Contains(got["text/plain"], w) {
				t.Errorf("%q: %q is not in\n%s", c.text, w, got["text/plain"])
			}
		}
	}
	t.Run("killed", func(t *testing.T) {
		pid := s.Process()
		syscall.Kill(pid, syscall.SIGKILL)
		complete(t, s, notebook, "fmt.Pri|")
		awaitGopls(t, s)
		if now := s.Process(); now == pid || now == 0 {
			t.Errorf("process %d, before %d", now, pid)
		}
	})
}

// TestRealEndsWithKernel checks that nothing of gopls outlives a kernel that is killed.
func TestRealEndsWithKernel(t *testing.T) {
	t.Parallel()
	work := t.TempDir()
	pid, err := killed(work, realGopls(t))
	if err != nil || pid == 0 {
		t.Fatalf("process %d: %v", pid, err)
	}
	for end := time.Now().Add(10 * time.Second); alive(pid) || members(pid) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d lives on: %v, or %d of its group", pid, alive(pid), members(pid))
		}
	}
}

// members counts the processes of a process group that have not ended.
func members(group int) int {
	if syscall.Kill(-group, 0) != nil {
		return 0
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	n := 0
	for _, f := range stats {
		stat, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if w := strings.Fields(rest); len(w) > 2 && w[2] == strconv.Itoa(group) && w[0] != "Z" {
			n++
		}
	}
	return n
}
