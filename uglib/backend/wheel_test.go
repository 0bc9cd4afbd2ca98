package backend

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// index is a package index of one package, which may misbehave.
type index struct {
	*httptest.Server
	archive []byte
	html    bool
	whole   bool         // ignores ranges
	cut     atomic.Int64 // answers that end early, after half of what they owe
	fail    atomic.Int64 // answers of status 503
	asked   atomic.Int64
	sent    atomic.Int64 // bytes of the archive
}

// newIndex serves a wheel that holds a plugin of n random bytes, and makes it
// the index that pip is configured for.
func newIndex(t *testing.T, n int) (*index, wheel) {
	t.Helper()
	plugin := make([]byte, n)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range plugin {
		plugin[i] = byte(rng.Uint32())
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	f, err := z.Create("pkg/pjrt_c_api_cpu_plugin.so")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(plugin); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	x := &index{archive: packed.Bytes()}
	w := wheel{
		project: "pkg", platform: runtime.GOOS + "/" + runtime.GOARCH, api: "0.1",
		archive: pinned{"pkg-1-py3-none-any.whl", int64(len(x.archive)), sum(x.archive)},
		plugin:  pinned{"pkg/pjrt_c_api_cpu_plugin.so", int64(n), sum(plugin)},
	}
	x.Server = httptest.NewServer(http.HandlerFunc(x.serve))
	t.Cleanup(x.Close)
	retryWait = time.Millisecond
	t.Cleanup(func() { retryWait = time.Second })
	t.Setenv("PIP_CONFIG_FILE", os.DevNull)
	t.Setenv("PIP_CERT", "")
	t.Setenv("PIP_EXTRA_INDEX_URL", "")
	t.Setenv("PIP_INDEX_URL", x.URL+"/simple/")
	return x, w
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func (x *index) serve(w http.ResponseWriter, r *http.Request) {
	x.asked.Add(1)
	if x.fail.Add(-1) >= 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	switch r.URL.Path {
	case "/simple/pkg/":
		if x.html {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, `<A class="x" HREF='../../files/pkg-0-py3-none-any.whl'>old</A><a href="../../files/pkg-1-py3-none-any.whl?a=1&amp;b=2#sha256=00">new</a>`)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		fmt.Fprint(w, `{"files": [{"url": "../../files/pkg-0-py3-none-any.whl"}, {"url": "../../files/pkg-1-py3-none-any.whl"}]}`)
	case "/files/pkg-1-py3-none-any.whl":
		if x.html && r.URL.RawQuery != "a=1&b=2" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		from := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil && !x.whole {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(x.archive)-1, len(x.archive)))
		} else {
			from = 0
		}
		rest := x.archive[from:]
		w.Header().Set("Content-Length", fmt.Sprint(len(rest)))
		if w.Header().Get("Content-Range") != "" {
			w.WriteHeader(http.StatusPartialContent)
		}
		if x.cut.Add(-1) >= 0 {
			rest = rest[:len(rest)/2] // the server closes the connection, since bytes are missing
		}
		n, _ := w.Write(rest)
		x.sent.Add(int64(n))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func mustInstall(t *testing.T, w wheel, dir string) *Installed {
	t.Helper()
	in, err := w.install(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.plugin.check(in.Path); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder holds %v, want the plugin alone", entries)
	}
	return in
}

func TestInstall(t *testing.T) {
	const n = 1 << 18
	t.Run("json", func(t *testing.T) {
		x, w := newIndex(t, n)
		dir := filepath.Join(t.TempDir(), "new", "cpu")
		in := mustInstall(t, w, dir)
		if !in.Fetched || in.Path != filepath.Join(dir, "pjrt_c_api_cpu_plugin.so") || in.Backend != "xla:"+in.Path {
			t.Errorf("installed %+v", in)
		}
		asked := x.asked.Load()
		if in := mustInstall(t, w, dir); in.Fetched || x.asked.Load() != asked {
			t.Error("a plugin that was there was fetched again")
		}
		// A damaged one is replaced.
		if err := os.WriteFile(in.Path, make([]byte, n), 0o644); err != nil {
			t.Fatal(err)
		}
		if in := mustInstall(t, w, dir); !in.Fetched {
			t.Error("a damaged plugin was left")
		}
	})
	t.Run("html", func(t *testing.T) {
		x, w := newIndex(t, n)
		x.html = true
		mustInstall(t, w, t.TempDir())
	})
	t.Run("cut short, then resumed", func(t *testing.T) {
		x, w := newIndex(t, n)
		x.cut.Store(2)
		mustInstall(t, w, t.TempDir())
		if sent := x.sent.Load(); sent != int64(len(x.archive)) {
			t.Errorf("%d bytes were sent, want each of %d once", sent, len(x.archive))
		}
	})
	t.Run("resumed in another process", func(t *testing.T) {
		x, w := newIndex(t, n)
		dir := t.TempDir()
		half := x.archive[:n/2]
		if err := os.WriteFile(filepath.Join(dir, "."+w.archive.name+".part"), half, 0o644); err != nil {
			t.Fatal(err)
		}
		mustInstall(t, w, dir)
		if sent := x.sent.Load(); sent != int64(len(x.archive)-len(half)) {
			t.Errorf("%d bytes were sent, want the other half", sent)
		}
	})
	t.Run("rests of something else", func(t *testing.T) {
		for _, rest := range []int{100, n / 2, 2 * n} {
			_, w := newIndex(t, n)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "."+w.archive.name+".part"), make([]byte, rest), 0o644); err != nil {
				t.Fatal(err)
			}
			mustInstall(t, w, dir)
		}
	})
	t.Run("no ranges", func(t *testing.T) {
		x, w := newIndex(t, n)
		x.whole = true
		x.cut.Store(1)
		mustInstall(t, w, t.TempDir())
	})
	t.Run("server busy", func(t *testing.T) {
		x, w := newIndex(t, n)
		x.fail.Store(2)
		mustInstall(t, w, t.TempDir())
	})
	t.Run("second index", func(t *testing.T) {
		x, w := newIndex(t, n)
		t.Setenv("PIP_INDEX_URL", x.URL+"/elsewhere")
		t.Setenv("PIP_EXTRA_INDEX_URL", x.URL+"/simple")
		mustInstall(t, w, t.TempDir())
	})
}

func TestInstallErrors(t *testing.T) {
	const n = 1 << 16
	for name, c := range map[string]struct {
		change func(t *testing.T, x *index, w *wheel)
		want   string
	}{
		"another archive":  {func(_ *testing.T, _ *index, w *wheel) { w.archive.sha256 = strings.Repeat("0", 64) }, "not the file that was pinned"},
		"another plugin":   {func(_ *testing.T, _ *index, w *wheel) { w.plugin.sha256 = strings.Repeat("0", 64) }, "not the file that was pinned"},
		"larger plugin":    {func(_ *testing.T, _ *index, w *wheel) { w.plugin.size-- }, "not the file that was pinned"},
		"no such member":   {func(_ *testing.T, _ *index, w *wheel) { w.plugin.name = "pkg/other.so" }, "pkg/other.so"},
		"no such file":     {func(_ *testing.T, _ *index, w *wheel) { w.archive.name = "pkg-2-py3-none-any.whl" }, "does not list pkg-2"},
		"no such project":  {func(_ *testing.T, _ *index, w *wheel) { w.project = "other" }, "404 Not Found"},
		"other platform":   {func(_ *testing.T, _ *index, w *wheel) { w.platform = "plan9/amd64" }, "UG_BACKEND=xla:/path"},
		"server is broken": {func(_ *testing.T, x *index, _ *wheel) { x.fail.Store(100) }, "503"},
		"always cut short": {func(_ *testing.T, x *index, _ *wheel) { x.whole = true; x.cut.Store(100) }, "unexpected EOF"},
		"offline":          {func(_ *testing.T, x *index, _ *wheel) { x.Close() }, "needs a network"},
		"odd index":        {func(t *testing.T, _ *index, _ *wheel) { t.Setenv("PIP_INDEX_URL", "file:///wheels") }, "no address of the web"},
		"bad certificates": {func(t *testing.T, _ *index, _ *wheel) { t.Setenv("PIP_CERT", os.DevNull) }, "certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			x, w := newIndex(t, n)
			c.change(t, x, &w)
			dir := t.TempDir()
			old := filepath.Join(dir, filepath.Base(w.plugin.name))
			if err := os.WriteFile(old, []byte("older"), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := w.install(t.Context(), dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if data, _ := os.ReadFile(old); string(data) != "older" {
				t.Error("the plugin that was there is gone")
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".plugin-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestInstallHidesPasswords(t *testing.T) {
	x, w := newIndex(t, 1000)
	t.Setenv("PIP_INDEX_URL", strings.Replace(x.URL, "http://", "http://user:secret@", 1)+"/simple")
	w.archive.name = "pkg-2-py3-none-any.whl"
	_, err := w.install(t.Context(), t.TempDir())
	x.Close()
	_, err2 := w.install(t.Context(), t.TempDir())
	for _, err := range []error{err, err2} {
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v", err)
		}
	}
}

func TestInstallStops(t *testing.T) {
	_, w := newIndex(t, 1000)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := w.install(ctx, t.TempDir()); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestInstallStalls(t *testing.T) {
	release := make(chan bool)
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/files/") {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-release
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<a href="/files/pkg-1-py3-none-any.whl">x</a>`)
	}))
	defer silent.Close()
	defer close(release)
	_, w := newIndex(t, 1000)
	t.Setenv("PIP_INDEX_URL", silent.URL)
	stallWait = 20 * time.Millisecond
	defer func() { stallWait = 60 * time.Second }()
	if _, err := w.install(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "no byte in 20ms") {
		t.Errorf("error %v", err)
	}
}

func TestInstallTwiceAtOnce(t *testing.T) {
	_, w := newIndex(t, 1000)
	dir := t.TempDir()
	other, err := os.Create(filepath.Join(dir, "."+w.archive.name+".part"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := unix.Flock(int(other.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := w.install(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("error %v", err)
	}
}

func TestPipConfig(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_CONFIG_FILE", "VIRTUAL_ENV", "XDG_CONFIG_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_DIRS", "")
	system := etc
	etc = filepath.Join(home, "etc")
	t.Cleanup(func() { etc = system })
	put := func(path, text string) {
		t.Helper()
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what, cert string, indexes ...string) {
		t.Helper()
		c, err := readPipConfig()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(c.indexes, " ") != strings.Join(indexes, " ") || c.cert != cert {
			t.Errorf("%s: %+v, want %q and certificates %q", what, c, indexes, cert)
		}
	}
	put("etc/xdg/pip/pip.conf", "[global]\nindex-url = https://no\ncert=/a.pem\n")
	put("etc/pip.conf", "[global]\nindex-url = https://a/simple\n")
	check("for all users", "/a.pem", "https://a/simple")
	put(".config/pip/pip.conf", "# note\n; note\n[install]\nindex-url = https://no\n[Global]\nindex_url: https://b/simple\nextra-index-url =\n    https://c/simple\n    https://d/simple\nno value\n")
	check("of the user", "/a.pem", "https://b/simple", "https://c/simple", "https://d/simple")
	t.Setenv("VIRTUAL_ENV", filepath.Join(home, "venv"))
	put("venv/pip.conf", "[download]\nindex-url = https://e/simple\n[global]\nindex-url = https://no\nextra-index-url =\n")
	check("of the environment", "/a.pem", "https://e/simple")
	put("named.conf", "[global]\ncert = /f.pem\n")
	t.Setenv("PIP_CONFIG_FILE", filepath.Join(home, "named.conf"))
	check("of a file", "/f.pem", "https://e/simple")
	t.Setenv("PIP_INDEX_URL", "https://g/simple")
	check("of a variable", "/f.pem", "https://g/simple")
	t.Setenv("PIP_INDEX_URL", "")
	t.Setenv("PIP_CONFIG_FILE", os.DevNull)
	check("of none", "", defaultIndex)
}

// TestPinned installs the real plugin; it needs the network.
func TestPinned(t *testing.T) {
	if os.Getenv("UG_TEST_NETWORK") == "" {
		t.Skip("UG_TEST_NETWORK is not set")
	}
	in, err := InstallXLA(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := checkFile(in.Path); err != nil {
		t.Error(err)
	}
}

func FuzzPipFile(f *testing.F) {
	f.Add("[global]\nindex-url = https://a/simple\n  https://b\n[")
	f.Add("=\n :\n[]]")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "pip.conf")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		settings := map[string]string{}
		if err := readPipFile(path, settings); err != nil && len(text) < 1<<16 {
			t.Error(err)
		}
	})
}

func FuzzLinks(f *testing.F) {
	f.Add([]byte(`<a href="x">`))
	f.Add([]byte(`{"files": [{"url": "y"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		htmlLinks(data)
		if _, err := jsonLinks(data); err != nil {
			return
		}
	})
}
