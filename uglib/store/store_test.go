package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"urbangraph/uglib/progress"
)

// note is a spec for tests: an artefact of one text file.
type note struct {
	Text  string
	Needs []*note
	build func(ctx context.Context, b *Build) error
	count *atomic.Int32
}

func (*note) Kind() string { return "note" }
func (*note) Schema() int  { return 1 }
func (n *note) Inputs() []Spec {
	var in []Spec
	for _, x := range n.Needs {
		in = append(in, x)
	}
	return in
}

func (n *note) Build(ctx context.Context, b *Build) error {
	if n.count != nil {
		n.count.Add(1)
	}
	if n.build != nil {
		return n.build(ctx, b)
	}
	b.Summary("letters", len(n.Text))
	return os.WriteFile(b.Path("text"), []byte(n.Text), 0o644)
}

func TestGetBuildsOnce(t *testing.T) {
	s := At(t.TempDir())
	spec := &note{Text: "hello", count: new(atomic.Int32)}
	if _, err := s.Lookup(spec); !errors.Is(err, ErrAbsent) {
		t.Fatalf("Lookup before Get: %v, want ErrAbsent", err)
	}
	for range 3 {
		a, err := s.Get(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(a.Path("text"))
		if err != nil || string(text) != "hello" {
			t.Fatalf("text = %q, %v", text, err)
		}
		m := a.Manifest
		const sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // sha256sum of "hello"
		if len(m.Files) != 1 || m.Files[0] != (File{"text", 5, sum}) {
			t.Errorf("files = %v", m.Files)
		}
		if m.Summary["letters"] != 5.0 || m.Kind != "note" || m.Schema != 1 || m.Code == "" || m.Created.IsZero() {
			t.Errorf("manifest = %+v", m)
		}
		if err := a.Verify(); err != nil {
			t.Errorf("Verify: %v", err)
		}
	}
	if n := spec.count.Load(); n != 1 {
		t.Errorf("built %d times, want once", n)
	}
	assertClean(t, s)
}

// assertClean fails if the store holds anything but finished artefacts.
func assertClean(t *testing.T, s *Store) {
	t.Helper()
	err := filepath.WalkDir(s.Root(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestInputsAreBuiltFirstEachOnce(t *testing.T) {
	s := At(t.TempDir())
	base := &note{Text: "base", count: new(atomic.Int32)}
	left := &note{Text: "left", Needs: []*note{base}}
	right := &note{Text: "right", Needs: []*note{base}}
	var inputs []string
	top := &note{Text: "top", Needs: []*note{left, right}, build: func(ctx context.Context, b *Build) error {
		for _, in := range b.Inputs {
			text, err := os.ReadFile(in.Path("text"))
			if err != nil {
				return err
			}
			inputs = append(inputs, string(text))
		}
		return nil
	}}
	a, err := s.Get(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(inputs, " "); got != "left right" {
		t.Errorf("inputs = %q", got)
	}
	if n := base.count.Load(); n != 1 {
		t.Errorf("shared input built %d times", n)
	}
	leftKey, err := Key(left)
	if err != nil || len(a.Manifest.Inputs) != 2 || a.Manifest.Inputs[0] != (Ref{"note", leftKey}) {
		t.Errorf("manifest inputs = %v, want %s first (%v)", a.Manifest.Inputs, leftKey, err)
	}
	// An artefact that is there opens without its inputs.
	if err := s.Remove(leftKey); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), top); err != nil {
		t.Errorf("open without an input: %v", err)
	}
}

func TestKey(t *testing.T) {
	// The golden keys guard every user's store: if they change, all artefacts
	// are built anew.
	plain := &note{Text: "golden"}
	key, err := Key(plain)
	if err != nil || key != goldenPlain {
		t.Errorf("Key(plain) = %s, %v, want %s", key, err, goldenPlain)
	}
	nested := &note{Text: "golden", Needs: []*note{plain}}
	if key, err = Key(nested); err != nil || key != goldenNested {
		t.Errorf("Key(nested) = %s, %v, want %s", key, err, goldenNested)
	}
	seen := map[string]Spec{}
	for _, spec := range []Spec{
		plain, nested, &note{Text: "Golden"}, other{1}, other{2},
		&note{Text: "golden", Needs: []*note{plain, plain}}, hidden{Of: plain}, hidden{Of: nested},
	} {
		k, err := Key(spec)
		if err != nil {
			t.Fatal(err)
		}
		if o, ok := seen[k]; ok {
			t.Errorf("%+v and %+v share the key %s", spec, o, k)
		}
		seen[k] = spec
	}
}

// The first 20 digits of sha256sum of
// {"Kind":"note","Schema":1,"Spec":{"Text":"golden","Needs":null},"Inputs":[]} and of
// {"Kind":"note","Schema":1,"Spec":{"Text":"golden","Needs":[{"Text":"golden","Needs":null}]},"Inputs":["note/99545bd43a3ce9c280bc"]}
const (
	goldenPlain  = "99545bd43a3ce9c280bc"
	goldenNested = "ad3b20afe132f2f44fad"
)

// other differs from another of its kind in the schema alone.
type other struct{ schema int }

func (other) Kind() string                        { return "other" }
func (o other) Schema() int                       { return o.schema }
func (other) Inputs() []Spec                      { return nil }
func (other) Build(context.Context, *Build) error { return nil }

// hidden differs from another of its kind in its input alone.
type hidden struct {
	Of *note `json:"-"`
}

func (hidden) Kind() string                        { return "hidden" }
func (hidden) Schema() int                         { return 1 }
func (h hidden) Inputs() []Spec                    { return []Spec{h.Of} }
func (hidden) Build(context.Context, *Build) error { return nil }

type badKind struct{ other }

func (badKind) Kind() string { return "../up" }

type unencodable struct {
	other
	F func()
}

// circle is its own input.
type circle struct{ other }

func (c circle) Inputs() []Spec { return []Spec{c} }

func TestBadSpecs(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{nil, "nil"},
		{badKind{}, "lower-case"},
		{unencodable{}, "does not encode"},
		{circle{}, "its own inputs"},
	} {
		if _, err := At(t.TempDir()).Get(t.Context(), c.spec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Get(%T) = %v, want an error with %q", c.spec, err, c.want)
		}
	}
}

func TestBuildThatNeedsItself(t *testing.T) {
	s := At(t.TempDir())
	loop := &note{Text: "loop"}
	loop.build = func(ctx context.Context, b *Build) error {
		_, err := Get(ctx, loop)
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := s.Get(ctx, loop); err == nil || !strings.Contains(err.Error(), "needed to build itself") {
		t.Errorf("error = %v", err)
	}
	assertClean(t, s)
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	for name, fail := range map[string]func(context.Context, *Build) error{
		"error":  func(context.Context, *Build) error { return errors.New("boom") },
		"panic":  func(context.Context, *Build) error { panic("boom") },
		"cancel": func(ctx context.Context, b *Build) error { return ctx.Err() },
		"manifest": func(_ context.Context, b *Build) error {
			return os.WriteFile(b.Path("manifest.json"), nil, 0o644)
		},
		"link":        func(_ context.Context, b *Build) error { return os.Symlink("half", b.Path("link")) },
		"bad keep":    func(_ context.Context, b *Build) error { b.Keep("../x"); return nil },
		"bad summary": func(_ context.Context, b *Build) error { b.Summary("f", func() {}); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := At(t.TempDir())
			ctx, cancel := context.WithCancel(t.Context())
			spec := &note{Text: name, build: func(ctx context.Context, b *Build) error {
				if err := os.WriteFile(b.Path("half"), []byte("half"), 0o644); err != nil {
					return err
				}
				if name == "cancel" {
					cancel()
				}
				return fail(ctx, b)
			}}
			err := func() (err error) {
				defer func() {
					if r := recover(); r != nil {
						err = fmt.Errorf("panic: %v", r)
					}
				}()
				_, err = s.Get(ctx, spec)
				return err
			}()
			cancel()
			if err == nil {
				t.Fatal("no error")
			}
			if name == "cancel" && !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v, want context.Canceled", err)
			}
			if _, err := s.Lookup(spec); !errors.Is(err, ErrAbsent) {
				t.Errorf("Lookup: %v, want ErrAbsent", err)
			}
			assertClean(t, s)
			// The next attempt is not hindered.
			spec.build = nil
			if _, err := s.Get(t.Context(), spec); err != nil {
				t.Errorf("second attempt: %v", err)
			}
			assertClean(t, s)
		})
	}
}

func TestResume(t *testing.T) {
	s := At(t.TempDir())
	attempt := 0
	spec := &note{Text: "long"}
	spec.build = func(_ context.Context, b *Build) error {
		attempt++
		if attempt == 1 {
			if b.Resumed {
				t.Error("Resumed in the first attempt")
			}
			b.Keep("checkpoints/last")
			b.Keep("checkpoints/last")
			for _, name := range []string{"checkpoints/last/step", "checkpoints/older/step", "scrap"} {
				if err := os.MkdirAll(filepath.Dir(b.Path(name)), 0o755); err != nil {
					return err
				}
				if err := os.WriteFile(b.Path(name), []byte("7"), 0o644); err != nil {
					return err
				}
			}
			return errors.New("out of power")
		}
		if !b.Resumed {
			t.Error("not Resumed in the second attempt")
		}
		var names []string
		err := filepath.WalkDir(b.Dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				names = append(names, strings.TrimPrefix(path, b.Dir+"/"))
			}
			return err
		})
		if got := strings.Join(names, " "); got != "checkpoints/last/step" {
			t.Errorf("resumed with %q", got)
		}
		return errors.Join(err, os.RemoveAll(b.Path("checkpoints")), os.WriteFile(b.Path("text"), nil, 0o644))
	}
	if _, err := s.Get(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "out of power") {
		t.Fatalf("first attempt: %v", err)
	}
	if refs, err := s.Unfinished(); err != nil || len(refs) != 1 {
		t.Errorf("Unfinished = %v, %v", refs, err)
	}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("List = %v, %v while unfinished", list, err)
	}
	a, err := s.Get(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Manifest.Files) != 1 || a.Manifest.Files[0].Name != "text" {
		t.Errorf("files = %v", a.Manifest.Files)
	}
	assertClean(t, s)
}

func TestRemoveUnfinished(t *testing.T) {
	s := At(t.TempDir())
	spec := &note{Text: "x", build: func(_ context.Context, b *Build) error {
		b.Keep("half")
		return errors.Join(os.WriteFile(b.Path("half"), nil, 0o644), errors.New("stop"))
	}}
	if _, err := s.Get(t.Context(), spec); err == nil {
		t.Fatal("no error")
	}
	key, err := Key(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remove("note/" + key[:6]); err != nil {
		t.Fatal(err)
	}
	assertClean(t, s)
}

func TestTwoBuildersInOneProcess(t *testing.T) {
	s := At(t.TempDir())
	spec := &note{Text: "slow", count: new(atomic.Int32)}
	spec.build = func(_ context.Context, b *Build) error {
		time.Sleep(50 * time.Millisecond)
		return os.WriteFile(b.Path("text"), []byte("slow"), 0o644)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.Get(t.Context(), spec); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := spec.count.Load(); n != 1 {
		t.Errorf("built %d times", n)
	}
	assertClean(t, s)
}

func TestWaitingEndsWithContext(t *testing.T) {
	s := At(t.TempDir())
	entered, leave := make(chan bool), make(chan bool)
	spec := &note{Text: "slow", build: func(context.Context, *Build) error {
		close(entered)
		<-leave
		return nil
	}}
	done := make(chan error)
	go func() {
		_, err := s.Get(context.Background(), spec)
		done <- err
	}()
	<-entered
	key, err := Key(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(key); err == nil || !strings.Contains(err.Error(), "being built") {
		t.Errorf("Remove while building: %v", err)
	}
	log := &recorder{}
	ctx, cancel := context.WithTimeout(progress.With(t.Context(), log), 30*time.Millisecond)
	defer cancel()
	if _, err := s.Get(ctx, spec); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting: %v, want DeadlineExceeded", err)
	}
	if !strings.Contains(log.String(), "waiting") {
		t.Errorf("progress = %q, want a note about waiting", log)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
	assertClean(t, s)
}

func TestDamagedArtefacts(t *testing.T) {
	for name, damage := range map[string]func(a *Artefact) error{
		"manifest cut":     func(a *Artefact) error { return os.Truncate(a.Path("manifest.json"), 20) },
		"manifest missing": func(a *Artefact) error { return os.Remove(a.Path("manifest.json")) },
		"manifest of another": func(a *Artefact) error {
			return os.WriteFile(a.Path("manifest.json"), []byte(`{"kind":"note","key":"0"}`), 0o644)
		},
		"schema": func(a *Artefact) error {
			a.Manifest.Schema = 9
			data, err := json.Marshal(a.Manifest)
			return errors.Join(err, os.WriteFile(a.Path("manifest.json"), data, 0o644))
		},
		"escaping name": func(a *Artefact) error {
			a.Manifest.Files = []File{{Name: "../../etc"}}
			data, err := json.Marshal(a.Manifest)
			return errors.Join(err, os.WriteFile(a.Path("manifest.json"), data, 0o644))
		},
		"file cut":     func(a *Artefact) error { return os.Truncate(a.Path("text"), 2) },
		"file missing": func(a *Artefact) error { return os.Remove(a.Path("text")) },
		"file a folder": func(a *Artefact) error {
			return errors.Join(os.Remove(a.Path("text")), os.Mkdir(a.Path("text"), 0o755))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := At(t.TempDir())
			spec := &note{Text: "hello"}
			a, err := s.Get(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(a); err != nil {
				t.Fatal(err)
			}
			_, err = s.Get(t.Context(), spec)
			key := filepath.Base(a.Dir)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), a.Dir) || !strings.Contains(err.Error(), "ug rm note/"+key) {
				t.Errorf("Get = %v, want ErrCorrupt with the path and the cure", err)
			}
			// The cure works.
			if err := s.Remove("note/" + key); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Get(t.Context(), spec); err != nil {
				t.Errorf("after the cure: %v", err)
			}
		})
	}
}

func TestListReturnsTheSoundOnes(t *testing.T) {
	s := At(t.TempDir())
	var last *Artefact
	for _, text := range []string{"a", "b", "c"} {
		var err error
		if last, err = s.Get(t.Context(), &note{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(last.Path("text")); err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	if len(list) != 2 || !errors.Is(err, ErrCorrupt) {
		t.Errorf("List = %d artefacts, %v", len(list), err)
	}
}

func TestVerifyFindsChangedBytes(t *testing.T) {
	a, err := At(t.TempDir()).Get(t.Context(), &note{Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.Path("text"), []byte("jello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "text") {
		t.Errorf("Verify = %v, want ErrCorrupt that names the file", err)
	}
}

func TestFind(t *testing.T) {
	s := At(t.TempDir())
	var keys []string
	for i := range 20 {
		a, err := s.Get(t.Context(), &note{Text: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, a.Manifest.Key)
	}
	for _, ref := range []string{keys[3], keys[3][:10], "note/" + keys[3][:10]} {
		if a, err := s.Find(ref); err != nil || a.Manifest.Key != keys[3] {
			t.Errorf("Find(%q) = %v, %v", ref, a, err)
		}
	}
	if _, err := s.Find("note/"); err == nil || !strings.Contains(err.Error(), "20 artefacts") {
		t.Errorf("Find of many: %v", err)
	}
	for _, ref := range []string{"zz", "city/" + keys[0], "note"} {
		if _, err := s.Find(ref); !errors.Is(err, ErrAbsent) {
			t.Errorf("Find(%q) = %v, want ErrAbsent", ref, err)
		}
	}
	if _, err := s.Find(""); err == nil {
		t.Error("Find of nothing succeeds")
	}
	if err := s.Remove(keys[3]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find(keys[3]); !errors.Is(err, ErrAbsent) {
		t.Errorf("Find after Remove: %v", err)
	}
	if list, err := s.List(); err != nil || len(list) != 19 {
		t.Errorf("List = %d, %v", len(list), err)
	}
	assertClean(t, s)
}

func TestEmptyStore(t *testing.T) {
	s := At(filepath.Join(t.TempDir(), "none"))
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("List = %v, %v", list, err)
	}
	if _, err := s.Find("ab"); !errors.Is(err, ErrAbsent) {
		t.Errorf("Find = %v", err)
	}
}

func TestProgressIsReported(t *testing.T) {
	log := &recorder{}
	ctx := progress.With(With(t.Context(), At(t.TempDir())), log)
	for range 2 {
		if _, err := Get(ctx, &note{Text: "hello"}); err != nil {
			t.Fatal(err)
		}
	}
	if got := log.String(); !strings.Contains(got, "build note ") || !strings.Contains(got, "open note ") {
		t.Errorf("progress = %q", got)
	}
}

// recorder is a progress reporter that keeps what it is told.
type recorder struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *recorder) say(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.WriteString(s + "\n")
}
func (r *recorder) String() string                         { r.mu.Lock(); defer r.mu.Unlock(); return r.text.String() }
func (r *recorder) Start(name string, _ int) progress.Task { r.say(name); return r }
func (r *recorder) Add(int)                                {}
func (r *recorder) Note(remark string)                     { r.say(remark) }
func (r *recorder) Plot(string, int, float64)              {}
func (r *recorder) Done()                                  {}

func Example() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := With(context.Background(), At(dir)) // without this: $UG_HOME
	a, err := Get(ctx, &note{Text: "hello"})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(a.Path("text"))
	fmt.Println(string(text), a.Manifest.Summary["letters"], err)
	// Output: hello 5 <nil>
}
