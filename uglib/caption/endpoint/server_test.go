package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"urbangraph/uglib/streetview"
)

const secret = "sk-test-5f1c9a"

// wire is a network inside the process, so that time can be the fake one of
// package synctest.
type wire struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newWire() *wire { return &wire{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case w.conns <- there:
		return here, nil
	case <-w.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// asked is a request as the endpoint saw it.
type asked struct {
	at     time.Time
	header http.Header
	body   map[string]any
	prompt string
	image  string
	view   int // number of the image in the order in which they were first asked about, from 1
}

// eye is an endpoint under the control of a test.
type eye struct {
	*wire
	answer func(n int, a asked, w http.ResponseWriter, r *http.Request) // n counts from 1

	mu               sync.Mutex
	asked            []asked
	images           map[string]int
	open, mostAtOnce int
}

// newEye starts an endpoint; a nil answer is good.
func newEye(t *testing.T, answer func(n int, a asked, w http.ResponseWriter, r *http.Request)) *eye {
	if answer == nil {
		answer = func(_ int, _ asked, w http.ResponseWriter, _ *http.Request) { good(w) }
	}
	e := &eye{wire: newWire(), answer: answer}
	server := &http.Server{Handler: e}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(e.wire)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return e
}

func (e *eye) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := asked{at: time.Now(), header: r.Header.Clone()}
	data, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(data, &a.body)
	var req struct {
		Messages []struct {
			Content json.RawMessage
		}
	}
	_ = json.Unmarshal(data, &req)
	if len(req.Messages) == 2 {
		var parts []chatPart
		if json.Unmarshal(req.Messages[1].Content, &parts) == nil && len(parts) == 2 && parts[0].Image != nil {
			a.image, a.prompt = parts[0].Image.URL, parts[1].Text
		}
	}
	e.mu.Lock()
	if e.images == nil {
		e.images = map[string]int{}
	}
	if e.images[a.image] == 0 {
		e.images[a.image] = len(e.images) + 1
	}
	a.view = e.images[a.image]
	e.asked = append(e.asked, a)
	n := len(e.asked)
	e.open++
	e.mostAtOnce = max(e.mostAtOnce, e.open)
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		e.open--
		e.mu.Unlock()
	}()
	if r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions" {
		http.NotFound(w, r)
		return
	}
	e.answer(n, a, w, r)
}

func (e *eye) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}

// say answers with a text.
func say(w http.ResponseWriter, text, finish string) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": "x", "object": "chat.completion", "model": "eye-2026",
		"choices": []any{map[string]any{"index": 0, "finish_reason": finish, "message": map[string]any{"role": "assistant", "content": text}}},
		"usage":   map[string]any{"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
	})
}

func good(w http.ResponseWriter) {
	say(w, "**Image:** A wide street.\n\n**Summarization:** This is Market Street.", "stop")
}

// refuse answers with an error in the manner of OpenAI.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "type": "error", "code": code, "param": nil}})
}

// work is a set of views to caption and where.
type work struct {
	cfg   Config
	cache cache
	set   *streetview.Set
}

// newWork makes n views, each with an image of its own.
func newWork(t *testing.T, e *eye, n int) *work {
	t.Helper()
	t.Setenv(KeyVariables[0], secret)
	dir := t.TempDir()
	set := &streetview.Set{Dir: dir}
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, 300, 200))
		for p := range img.Pix {
			img.Pix[p] = uint8(p * (i + 1))
		}
		img.Set(0, 0, color.RGBA{uint8(i), uint8(i >> 8), 1, 255})
		name := fmt.Sprintf("%03d.png", i)
		f, err := os.Create(filepath.Join(dir, name))
		if err == nil {
			err = errors.Join(png.Encode(f, img), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		v := view()
		v.ID, v.File = 700000000000001+int64(i), name
		set.Views = append(set.Views, v)
	}
	cfg, err := Config{URL: "http://127.0.0.1/v1/", Model: "eye", Side: 128}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: e.dial}
	cfg.transport = transport
	t.Cleanup(transport.CloseIdleConnections)
	return &work{cfg: cfg, cache: cache{t.TempDir()}, set: set}
}

func (w *work) run(ctx context.Context) (*Captions, error) {
	return captionAll(ctx, w.cfg, w.cache, town(), w.set, nil)
}

// must runs without an error.
func (w *work) must(t *testing.T) *Captions {
	t.Helper()
	c, err := w.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// count counts the statuses of captions.
func statuses(c *Captions) map[Status]int {
	n := map[Status]int{}
	for _, x := range c.All() {
		n[x.Status]++
	}
	return n
}

// faked runs a test with a fake clock.
func faked(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// kept reports whether any file under a folder holds a text.
func kept(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), text) || strings.Contains(path, text) {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}
