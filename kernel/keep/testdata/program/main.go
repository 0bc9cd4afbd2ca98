// The program of the tests: with the argument put it puts values of many types, with get it gets them back
// and says which are not what they were.
package main

import (
	"bytes"
	"container/ring"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	ugkeep "urbangraph/kernel/keep"
)

// A case is a value that is put, or got and compared.
var getting = len(os.Args) > 1 && os.Args[1] == "get"

func value[T any](name string, v T, types ...ugkeep.Known) { judged(name, v, nil, types...) }

func judged[T any](name string, v T, same func(got T) bool, types ...ugkeep.Known) {
	if !getting {
		ugkeep.Put(name, v)
		return
	}
	got := ugkeep.Get[T](name, types...)
	if same == nil && !reflect.DeepEqual(got, v) || same != nil && !same(got) {
		fmt.Printf("%s: got %#v, put %#v\n", name, got, v)
	}
}

type (
	celsius float64
	text    string
	list0   []list0
	point   struct{ X, y int }
	pixel   struct {
		R, G, B uint8
		On      bool
		at      [2]int32
		_       int
	}
	node struct {
		name        string
		left, right *node
		parent      *node
	}
	pair[A, B any] struct {
		First  A
		second B
	}
	tree[T any] struct {
		value T
		sons  []*tree[T]
	}
	shape interface{ area() float64 }
	disc  struct{ r float64 }
	box   struct{ w, h float64 }
	chain struct {
		value int
		next  any
	}
	outer struct {
		point
		*box
		Name string `json:"name,omitempty" x:"\"q\""`
		f    func()
		c    chan int
	}
	failed struct{ code int }
	alias  = map[string]celsius
	table  map[string][]pair[int, *point]
	method func(int, ...string) (error, bool)
)

func (d disc) area() float64    { return d.r * d.r }
func (b *box) area() float64    { return b.w * b.h }
func (f *failed) Error() string { return fmt.Sprint("failed ", f.code) }

// atlas is opened again.
type atlas struct {
	dir    string
	opened int
	lost   bool
	ch     chan int
}

func (a *atlas) KeptAs() ([]byte, error) {
	if a.lost {
		return nil, errors.New("it lies nowhere")
	}
	return []byte(a.dir), nil
}

func (a *atlas) Reopen(ref []byte) error {
	a.dir, a.opened = string(ref), 1
	return nil
}

func numbers(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i) * math.Pi
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func basics() {
	value("bool", true)
	value("int", -1)
	value("int8", int8(-128))
	value("int16", int16(-3))
	value("int32", 'ж')
	value("int64", int64(math.MinInt64))
	value("uint", uint(7))
	value("uint8", byte(255))
	value("uint16", uint16(65535))
	value("uint32", uint32(1<<31))
	value("uint64", uint64(math.MaxUint64))
	value("float32", float32(1.5))
	value("float64", math.Inf(-1))
	judged("nan", math.NaN(), func(x float64) bool { return math.IsNaN(x) })
	value("complex64", complex64(1+2i))
	value("complex128", 3-4i)
	value("string", "grüße\x00\xff")
	value("longString", strings.Repeat("0123456789", 10_000))
	value("named", celsius(36.6))
	value("namedText", text("x"))
	value("empty", struct{}{})
	value("none", [0]int{})
	value("array", [3]string{"a", "", "c"})
	value("matrix", [2][3]int8{{1, 2, 3}, {4, 5, 6}})
	value("duration", 3*time.Second)
	value("mode", fs.ModeDir|0o755)
}

func containers() {
	value("slice", []int{1, 2, 3})
	value("nilSlice", []int(nil))
	judged("emptySlice", []int{}, func(x []int) bool { return x != nil && len(x) == 0 })
	value("strings", []string{"a", "b", strings.Repeat("c", 100_000)})
	value("rows", [][]float64{{1, 2}, nil, {3}})
	value("numbers", numbers(200_000))
	value("bytes", bytes.Repeat([]byte("ab"), 50_000))
	value("bools", []bool{true, false, true})
	value("pixels", []pixel{{R: 1, On: true, at: [2]int32{2, 3}}, {B: 9}})
	value("manyPixels", make([]pixel, 10_000))
	value("points", make([]point, 5_000))
	value("voids", make([]struct{}, 1000))
	value("map", map[string]int{"a": 1, "b": 2})
	value("nilMap", map[string]int(nil))
	value("emptyMap", map[int]bool{})
	value("keys", map[point][]string{{1, 2}: {"x"}, {3, 4}: nil})
	value("arrayKeys", map[[2]int]string{{1, 2}: "x"})
	value("anyKeys", map[any]any{1: "one", "two": 2.5, point{1, 2}: []any{nil, true}, [1]string{"k"}: nil}, ugkeep.Type[point](), ugkeep.Type[[1]string]())
	value("sets", map[string]map[string]struct{}{"a": {"b": {}}})
	value("alias", alias{"x": 1})
	value("table", table{"a": {{1, &point{2, 3}}}})
	big := map[int]string{}
	for i := range 20_000 {
		big[i*7919] = fmt.Sprint(i)
	}
	value("bigMap", big)
}

func graphs() {
	n := &node{name: "root"}
	n.left, n.right = &node{name: "l", parent: n}, &node{name: "r", parent: n}
	judged("parents", n, func(g *node) bool {
		return g.left.parent == g && g.right.parent == g && g.left.name+g.right.name == "lr"
	})
	shared := &point{1, 2}
	judged("shared", []*point{shared, shared, {1, 2}}, func(g []*point) bool { return g[0] == g[1] && g[1] != g[2] && *g[2] == *shared })
	loop := map[string]any{"x": 1}
	loop["self"] = loop
	judged("mapLoop", loop, func(g map[string]any) bool {
		g["self"].(map[string]any)["y"] = 2
		return g["y"] == 2 && g["x"] == 1
	})
	ls := list0{nil, {}}
	ls[0] = ls
	judged("sliceLoop", ls, func(g list0) bool { return len(g[0][0][0][1]) == 0 && &g[0][1] == &g[1] })
	rows := []float64{1, 2, 3}
	judged("sameRows", [][]float64{rows, rows}, func(g [][]float64) bool { g[0][0] = 9; return g[1][0] == 9 })
	pp := &shared
	judged("pointerPointer", &pp, func(g ***point) bool { return ***g == *shared })
	var long *node
	for i := range 200_000 {
		long = &node{name: fmt.Sprint(i), left: long}
	}
	judged("longList", long, func(g *node) bool {
		n := 0
		for ; g != nil; g = g.left {
			n++
		}
		return n == 200_000
	})
	var c any
	for i := range 100_000 {
		c = chain{i, c}
	}
	judged("longChain", c, func(g any) bool {
		n := 0
		for ; g != nil; g = g.(chain).next {
			n++
		}
		return n == 100_000
	}, ugkeep.Type[chain]())
	value("tree", &tree[text]{"a", []*tree[text]{{value: "b"}, nil}})
}

func structs() {
	value("point", point{1, 2})
	value("outer", outer{point{1, 2}, &box{3, 4}, "n", nil, nil})
	value("pair", pair[int, *url.Values]{1, &url.Values{"a": {"b"}}})
	value("pairs", pair[pair[string, []point], map[string]*big.Int]{pair[string, []point]{"a", []point{{1, 2}}}, map[string]*big.Int{"x": big.NewInt(5)}})
	value("anonymous", struct {
		A int `k:"v"`
		b []struct{ C text }
	}{1, []struct{ C text }{{"x"}}})
	value("nilFunc", method(nil))
	value("nilChan", (<-chan int)(nil))
	value("image", image.NewRGBA(image.Rect(0, 0, 200, 100)))
	value("raw", json.RawMessage(`{"a":1}`))
	judged("time", time.Date(2024, 2, 29, 12, 0, 0, 5, time.UTC), func(g time.Time) bool { return g == time.Date(2024, 2, 29, 12, 0, 0, 5, time.UTC) })
	kolkata := must(time.LoadLocation("Asia/Kolkata"))
	judged("zone", time.Date(2024, 1, 1, 0, 0, 0, 0, kolkata), func(g time.Time) bool { return g.String() == "2024-01-01 00:00:00 +0530 IST" }, ugkeep.Zones(time.LoadLocation))
	judged("fixed", time.Date(2024, 1, 1, 0, 0, 0, 0, time.FixedZone("XST", 5400)), func(g time.Time) bool { return g.Format(time.RFC3339) == "2024-01-01T00:00:00+01:30" })
	judged("now", time.Now(), func(g time.Time) bool { return g.Location() == time.Local && time.Since(g) < time.Hour })
	value("big", big.NewFloat(1.25))
	value("rat", *big.NewRat(1, 3))
	value("url", must(url.Parse("https://u:p@host/path?q=1#f")))
	value("addr", netip.MustParseAddrPort("[::1]:80"))
	value("ip", net.IPv4(1, 2, 3, 4))
	judged("regexp", regexp.MustCompile(`a+(b)`), func(g *regexp.Regexp) bool { return g.String() == `a+(b)` && g.MatchString("aab") })
	judged("buffer", bytes.NewBufferString("hello"), func(g *bytes.Buffer) bool { return g.String() == "hello" })
	var b strings.Builder
	b.WriteString("built")
	judged("builder", &b, func(g *strings.Builder) bool { g.WriteString("!"); return g.String() == "built!" })
	judged("ring", ring.New(3), func(g *ring.Ring) bool { return g.Len() == 3 && g.Next().Next().Next() == g })
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Int()
	after := *rand.NewPCG(1, 2)
	after.Uint64()
	judged("rand", rng, func(g *rand.Rand) bool { return g.Uint64() == after.Uint64() }, ugkeep.Type[*rand.PCG]())
	judged("once", func() *sync.Once { o := new(sync.Once); o.Do(func() {}); return o }(), func(g *sync.Once) bool {
		again := false
		g.Do(func() { again = true })
		return !again
	})
	judged("mutex", &struct {
		sync.Mutex
		n int
	}{n: 4}, func(g *struct {
		sync.Mutex
		n int
	}) bool {
		return g.TryLock() && g.n == 4
	})
	judged("free", new(sync.Mutex), func(g *sync.Mutex) bool { return g != nil && g.TryLock() })
	judged("atomic", func() *atomic.Int64 { a := new(atomic.Int64); a.Store(42); return a }(), func(g *atomic.Int64) bool { return g.Load() == 42 })
	judged("atlas", map[string]*atlas{"a": {dir: "/here"}, "nil": nil, "lost": {dir: "x", lost: true}}, func(g map[string]*atlas) bool {
		return g["a"].dir == "/here" && g["a"].opened == 1 && g["nil"] == nil && g["lost"].dir == "x" && g["lost"].opened == 0
	})
}

func interfaces() {
	value("any", any(map[string]any{"a": []any{1, "x", nil, int8(3), 2.5, []string{"s"}}}))
	value("nilAny", any(nil))
	value("shapes", []shape{disc{2}, &box{1, 2}, nil}, ugkeep.Type[disc](), ugkeep.Type[*box]())
	value("generic", any(pair[string, shape]{"a", disc{1}}), ugkeep.Type[pair[string, shape]](), ugkeep.Type[disc]())
	value("colors", []color.Color{color.RGBA{1, 2, 3, 4}, color.Gray{5}, color.White}, ugkeep.Type[color.RGBA](), ugkeep.Type[color.Gray](), ugkeep.Type[color.Gray16]())
	value("times", []any{time.Second, big.NewInt(3)}, ugkeep.Type[time.Duration](), ugkeep.Type[*big.Int]())
	value("nilError", error(nil))
	value("eof", io.EOF)
	judged("wrapped", fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), func(g error) bool {
		return g.Error() == "reading: unexpected EOF" && errors.Is(g, io.ErrUnexpectedEOF)
	})
	_, missing := os.Open("/does/not/exist")
	judged("path", missing, func(g error) bool {
		var p *fs.PathError
		return errors.Is(g, fs.ErrNotExist) && errors.As(g, &p) && p.Path == "/does/not/exist"
	}, ugkeep.Type[*fs.PathError](), ugkeep.Type[error](), errno())
	judged("joined", errors.Join(errors.New("a"), &failed{3}), func(g error) bool {
		var f *failed
		return g.Error() == "a\nfailed 3" && errors.As(g, &f) && f.code == 3
	}, ugkeep.Type[*failed]())
	judged("netError", error(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}), func(g error) bool {
		var o *net.OpError
		return errors.As(g, &o) && o.Op == "dial" && o.Err.Error() == "refused"
	}, ugkeep.Type[*net.OpError]())
}

func main() {
	basics()
	containers()
	graphs()
	structs()
	interfaces()
	refused()
	ugkeep.Done()
}
