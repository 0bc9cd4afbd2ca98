package nn

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// address is where a tensor's values lie.
func address(t *testing.T, x *tensors.Tensor) uintptr {
	t.Helper()
	var at uintptr
	if err := x.ConstBytes(func(data []byte) { at = uintptr(unsafe.Pointer(unsafe.SliceData(data))) }); err != nil {
		t.Fatal(err)
	}
	return at
}

// TestReadOn reads each floating-point type as each other, in host memory and
// for the pure Go backend, in one part and in several.
func TestReadOn(t *testing.T) {
	floating := []dtypes.DType{dtypes.Float64, dtypes.Float32, dtypes.BFloat16, dtypes.Float16}
	for _, n := range []int{5, 700_001} { // the larger is read in parts, whose ends are no multiples of a page
		exact := hashPixels(n, 3)
		for i := range exact { // what every type can hold
			exact[i] = float32(math.Round(float64(exact[i])*64) / 64)
		}
		exact[0], exact[1] = float32(math.Inf(1)), float32(math.Copysign(0, -1))
		base := tensors.FromFlatDataAndDimensions(exact, n)
		path := filepath.Join(t.TempDir(), "x.safetensors")
		all := map[string]*tensors.Tensor{"i32": tensors.FromValue([]int32{-7}), "empty": tensors.FromFlatDataAndDimensions([]float32{}, 0, 3)}
		for _, d := range floating {
			x, err := ConvertTensor(base, d)
			if err != nil {
				t.Fatal(err)
			}
			all[d.String()] = x
		}
		if err := SaveTensors(path, all, nil); err != nil {
			t.Fatal(err)
		}
		f, err := OpenTensors(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, on := range []compute.Backend{nil, backend(t)} {
			for _, from := range floating {
				for _, to := range floating {
					x, err := f.ReadOn(on, from.String(), to)
					if err != nil || x.DType() != to {
						t.Fatalf("%s as %s: %v, %v", from, to, x, err)
					}
					if got := floats(t, x); !slices.Equal(got, exact) || !math.Signbit(float64(got[1])) {
						t.Errorf("%d values of %s as %s are not the same", n, from, to)
					}
				}
			}
			if x, err := f.ReadOn(on, "i32", dtypes.Float32); err != nil || x.DType() != dtypes.Int32 || tensors.MustCopyFlatData[int32](x)[0] != -7 {
				t.Errorf("integers: %v, %v", x, err)
			}
			if x, err := f.ReadOn(on, "empty", dtypes.BFloat16); err != nil || x.Size() != 0 || x.DType() != dtypes.BFloat16 {
				t.Errorf("no values: %v, %v", x, err)
			}
		}
	}
}

// TestConvertRounds compares conversions with the types' own, of ties and of
// what is too large or too small.
func TestConvertRounds(t *testing.T) {
	values := []float32{1 + 1.0/256, 1 + 3.0/256, 65519, 65520, 1e-8, 3e38, float32(math.NaN()), -2.7182817}
	for _, d := range []dtypes.DType{dtypes.BFloat16, dtypes.Float16} {
		x, err := ConvertTensor(tensors.FromValue(values), d)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range floats(t, x) {
			want := bfloat16.FromFloat32(values[i]).Float32()
			if d == dtypes.Float16 {
				want = float16.FromFloat32(values[i]).Float32()
			}
			if got != want && !(got != got && want != want) {
				t.Errorf("%g as %s is %g, want %g", values[i], d, got, want)
			}
		}
	}
	halves, brains := make([]float16.Float16, 1<<16), make([]bfloat16.BFloat16, 1<<16)
	for i := range halves {
		halves[i], brains[i] = float16.Float16(i), bfloat16.BFloat16(i)
	}
	narrow, brain := make([]float32, 1<<16), make([]float32, 1<<16)
	convertFlat(narrow, halves)
	convertFlat(brain, brains)
	for i := range halves {
		for _, c := range [][2]float32{{narrow[i], halves[i].Float32()}, {brain[i], brains[i].Float32()}} {
			if math.Float32bits(c[0]) != math.Float32bits(c[1]) && !(c[0] != c[0] && c[1] != c[1]) {
				t.Fatalf("%#x widened is %g, want %g", i, c[0], c[1])
			}
		}
	}
	for n := range 40 { // what is left after the last whole register
		part := make([]float32, n+1)
		widen(part[:n], brains[0x3f7d:0x3f7d+n])
		for i, v := range part {
			if want := brains[0x3f7d+i].Float32(); i < n && v != want || i == n && v != 0 {
				t.Errorf("of %d values widened, %d is %g, want %g", n, i, v, want)
			}
		}
	}
	if _, err := ConvertTensor(tensors.FromValue([]int32{1}), dtypes.Float32); err == nil {
		t.Error("integers were converted")
	}
}

// TestMapped makes sure that on the pure Go backend tensors of the file's type
// are the mapped file: they lie as in it and nothing that is done with them
// reaches it. If an upgrade of the backend ends that, this fails and
// [viewed] wants another look.
func TestMapped(t *testing.T) {
	b := backend(t)
	if !isGoBackend(b) {
		t.Skip("other backends copy what they compute with")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	const n = 1002 // no size that memory is handed out in
	first, second := hashPixels(n, 1), hashPixels(n, 2)
	if err := SaveTensors(path, map[string]*tensors.Tensor{
		"a.weight": tensors.FromFlatDataAndDimensions(first, n/3, 3), "b.weight": tensors.FromFlatDataAndDimensions(second, n/3, 3),
	}, nil); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := model.NewStore()
	if err := LoadStore(s, dir, LoadOptions{Backend: b, DType: dtypes.Float32}); err != nil { // closes the file
		t.Fatal(err)
	}
	va, vb := s.GetVariable("/a/weight"), s.GetVariable("/b/weight")
	if d := address(t, vb.MustValue()) - address(t, va.MustValue()); d != 4*n {
		t.Errorf("two tensors that follow each other in the file lie %d bytes apart, want %d: they were copied", d, 4*n)
	}

	// A training step donates the values of a and gives b to the computation.
	out, err := model.CallOnceN(b, s, func(s *model.Scope, x *Node) []*Node {
		g := x.Graph()
		wa, wb := s.At("a").GetVariable("weight"), s.At("b").GetVariable("weight")
		sum := Add(wa.NodeValue(g), wb.NodeValue(g))
		wa.SetNodeValue(MulScalar(wa.NodeValue(g), 2))
		return []*Node{Mul(sum, x), wb.NodeValue(g)}
	}, float32(1))
	if err != nil {
		t.Fatal(err)
	}
	sum, double := make([]float32, n), make([]float32, n)
	for i := range sum {
		sum[i], double[i] = first[i]+second[i], 2*first[i]
	}
	near(t, "sum", floats(t, out[0]), sum, 0)
	near(t, "b, given out", floats(t, out[1]), second, 0)
	near(t, "a after the step", floats(t, va.MustValue()), double, 0)
	if err := vb.MustValue().MutableFlatData(func(flat any) { flat.([]float32)[0] = 99 }); err != nil {
		t.Fatal(err)
	}
	if got := floats(t, vb.MustValue())[0]; got != 99 {
		t.Errorf("b[0] was set to 99 and is %g", got)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the file was changed")
	}

	// A model saved over the file that it is mapped from.
	s = model.NewStore()
	if err := LoadStore(s, dir, LoadOptions{Backend: b}); err != nil {
		t.Fatal(err)
	}
	if err := SaveStore(path, s, nil, nil); err != nil {
		t.Fatal(err)
	}
	near(t, "a after its file was replaced", floats(t, s.GetVariable("/a/weight").MustValue()), first, 0)
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the file saved from the map of itself differs")
	}
}

// TestMisaligned reads a tensor that does not begin where its type may.
func TestMisaligned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd.safetensors")
	header := `{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}`
	content := []byte(raw(header, 1))
	content = append(content, 0, 0, 128, 63, 0, 0, 0, 64) // 1, 2
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := OpenTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, d := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
		x, err := f.ReadOn(backend(t), "y", d)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "y", floats(t, x), []float32{1, 2}, 0)
	}
}

// TestCutAfterOpening shortens a file between its opening and the reading.
func TestCutAfterOpening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := SaveTensors(path, map[string]*tensors.Tensor{"w": tensors.FromFlatDataAndDimensions(hashPixels(4096, 1), 4096)}, nil); err != nil {
		t.Fatal(err)
	}
	f, err := OpenTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	for _, d := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
		if _, err := f.ReadAs("w", d); err == nil || !strings.Contains(err.Error(), "unexpected EOF") || !strings.Contains(err.Error(), `"w"`) {
			t.Errorf("as %s: %v", d, err)
		}
	}
}

func TestPyTorchFilesAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pytorch_model.bin"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenTensors(dir); err == nil || !strings.Contains(err.Error(), "pytorch_model.bin") || !strings.Contains(err.Error(), "safetensors") {
		t.Errorf("%v", err)
	}
}
