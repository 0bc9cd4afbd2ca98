package backend

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The tests of the default and of the warning, which are made once a process,
// start the test binary again; it prints what this variable asks for.
const childVariable = "UG_BACKEND_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childVariable) {
	case "":
		os.Exit(m.Run())
	case "describe":
		fmt.Println(Describe())
	case "warn":
		fmt.Printf("%q %q", Warning(), Warning())
	case "inspect":
		s, _ := Inspect() // whose error is in it
		if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
			panic(err)
		}
	}
	os.Exit(0)
}

func child(t *testing.T, job string, env ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(append(os.Environ(), Variable+"=", compute.ConfigEnvVar+"=", childVariable+"="+job), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// matmul multiplies a with each of others on b, all in one graph.
func matmul(t *testing.T, b compute.Backend, a [][]float32, others [][][]float32) []*tensors.Tensor {
	t.Helper()
	args := []any{a}
	for _, o := range others {
		args = append(args, o)
	}
	run := graph.MustNewExec(b, func(in []*graph.Node) []*graph.Node {
		var out []*graph.Node
		for _, o := range in[1:] {
			out = append(out, graph.MatMul(in[0], o))
		}
		return out
	})
	out, err := run.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func matrix(rng *rand.Rand, n int) [][]float32 {
	m := make([][]float32, n)
	for i := range m {
		m[i] = make([]float32, n)
		for j := range m[i] {
			m[i][j] = float32(rng.NormFloat64())
		}
	}
	return m
}

// checkMatmul compares products on b with sums in float64.
func checkMatmul(t *testing.T, b compute.Backend, n, count int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	a := matrix(rng, n)
	var others [][][]float32
	for range count {
		others = append(others, matrix(rng, n))
	}
	for k, out := range matmul(t, b, a, others) {
		got := out.Value().([][]float32)
		for i := range n {
			for j := range n {
				var want float64
				for l := range n {
					want += float64(a[i][l]) * float64(others[k][l][j])
				}
				if math.Abs(float64(got[i][j])-want) > 2e-6*float64(n) {
					t.Fatalf("product %d at %d,%d = %v, want %v", k, i, j, got[i][j], want)
				}
			}
		}
	}
}

func TestIndependentProductsEnd(t *testing.T) {
	// With the backend's own default, eight products in one graph wait for
	// each other for ever.
	done := make(chan bool)
	go func() {
		defer close(done)
		b, err := New("")
		if err != nil {
			t.Error(err)
			return
		}
		checkMatmul(t, b, 256, 8)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("standstill")
	}
}

func TestNewPrintsNothing(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = write
	b, err := New("go")
	os.Stdout = stdout
	if err != nil {
		t.Fatal(err)
	}
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := io.ReadAll(read); err != nil || len(out) > 0 {
		t.Errorf("printed %q, %v", out, err)
	}
	if !b.Capabilities().DTypes[dtypes.Float32] {
		t.Error("no float32")
	}
}

func TestBadConfigurations(t *testing.T) {
	for config, want := range map[string]string{
		"tpu":                      "try one of",
		"go:parallelism=4":         "ops_sequential",
		"go:nonsense":              "nonsense",
		"xla:/nowhere/plugin.so":   map[bool]string{true: "install-xla", false: "-tags xla"}[noXLA == ""],
		"xla:no-such-plugin-1b3d5": map[bool]string{true: "install-xla", false: "-tags xla"}[noXLA == ""],
	} {
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%q): %v, want %q", config, err, want)
		}
	}
	for _, config := range []string{"", "go", "go:", "go:parallelism=-1", "go:ops_sequential"} {
		if _, err := New(config); err != nil {
			t.Errorf("New(%q): %v", config, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	got := child(t, "describe")
	want := "pure Go, no SIMD"
	if SIMD {
		want = "pure Go, SIMD"
	}
	if !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 1 {
		t.Errorf("Describe = %q, want %q and nothing else printed", got, want)
	}
	for _, variable := range []string{Variable, compute.ConfigEnvVar} {
		if got := child(t, "describe", variable+"=tpu"); !strings.Contains(got, variable+"=tpu") {
			t.Errorf("Describe with %s=tpu: %q", variable, got)
		}
	}
	if got := child(t, "describe", Variable+"=go", compute.ConfigEnvVar+"=tpu"); !strings.HasPrefix(got, want) {
		t.Errorf("%s does not go before %s: %q", Variable, compute.ConfigEnvVar, got)
	}
}

func TestWarning(t *testing.T) {
	got := child(t, "warn")
	if SIMD {
		if got != `"" ""` {
			t.Errorf("Warning with SIMD: %s", got)
		}
		return
	}
	if !strings.Contains(got, "GOEXPERIMENT=simd") || !strings.HasSuffix(got, ` ""`) {
		t.Errorf("Warning = %s, want a notice once", got)
	}
}

// TestXLAAgrees checks XLA where the environment names it.
func TestXLAAgrees(t *testing.T) {
	config, _ := selected()
	if !strings.HasPrefix(config, xlaName) {
		t.Skip("the environment does not name XLA")
	}
	b, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	checkMatmul(t, b, 128, 2)
}

func Example() {
	b, err := New("go") // or Default(), by the environment
	if err != nil {
		fmt.Println(err)
		return
	}
	sum := graph.MustNewExec(b, func(x, y *graph.Node) *graph.Node { return graph.Add(x, y) })
	fmt.Println(sum.MustCall([]float32{1, 2}, []float32{3, 4})[0].Value())
	// Output: [4 6]
}
