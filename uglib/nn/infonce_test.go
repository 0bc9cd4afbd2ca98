package nn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

func TestInfoNCEGolden(t *testing.T) {
	const b, n, h = 6, 2, 16
	all := golden(t, "testdata/losses.safetensors")
	rows := hashPixels(b*(2+n)*h, 31)
	for i, x := range hashPixels(b*h, 32) {
		for k := range 2 + n {
			rows[((i/h)*(2+n)+k)*h+i%h] += 0.6 * x
		}
	}
	in := tensors.FromFlatDataAndDimensions(rows, b*(2+n), h)
	be := backend(t)
	keys := infoNCEKeys(all)
	if len(keys) != 8 {
		t.Fatalf("golden file has the settings %v", keys)
	}
	for _, key := range keys {
		var temperature float64
		var useBatch, fake int
		if _, err := fmt.Sscanf(strings.Replace(key, ".batch", " ", 1), "infonce.T%g %d.fake%d.loss", &temperature, &useBatch, &fake); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		l := InfoNCE{Temperature: temperature, Negatives: n, OwnOnly: useBatch == 0, MaskAbove: 0.1 * float64(fake)}
		out, err := model.CallOnceN(be, model.NewStore(), func(s *model.Scope, rows *Node) []*Node {
			e := Reshape(L2Normalize(rows, -1), b, 2+n, h)
			q := Reshape(Slice(e, AxisRange(), AxisRange(0, 1)), b, h)
			c := Reshape(Slice(e, AxisRange(), AxisRange(1)), b*(1+n), h)
			loss := l.Loss(q, c, nil)
			return []*Node{loss, Gradient(loss, rows)[0]}
		}, in)
		if err != nil {
			t.Fatal(err)
		}
		near(t, key, floats(t, out[0]), floats(t, all[key]), 1e-5)
		near(t, key+" gradient", floats(t, out[1]), floats(t, all[strings.TrimSuffix(key, "loss")+"d_rows"]), 2e-5)
	}
}

// lossByHand is the definition, in float64.
func lossByHand(s [][]float64, t float64, out func(i, j int) bool) float64 {
	total := 0.0
	for i := range s {
		sum := 0.0
		for j := range s[i] {
			if i == j || out == nil || !out(i, j) {
				sum += math.Exp((s[i][j] - s[i][i]) / t)
			}
		}
		total += math.Log(sum)
	}
	return total / float64(len(s))
}

func TestInfoNCEMasksAndSymmetry(t *testing.T) {
	q := [][]float32{{1, 0}, {0, 1}, {0.6, 0.8}}
	p := [][]float32{{0.8, 0.6}, {0, 1}, {1, 0}}
	s, st := make([][]float64, 3), make([][]float64, 3)
	for i := range 3 {
		s[i], st[i] = make([]float64, 3), make([]float64, 3)
		for j := range 3 {
			s[i][j] = float64(q[i][0]*p[j][0] + q[i][1]*p[j][1])
			st[i][j] = float64(q[j][0]*p[i][0] + q[j][1]*p[i][1])
		}
	}
	mask := [][]bool{{true, false, true}, {false, false, false}, {false, true, false}} // its diagonal must not count
	out := func(i, j int) bool { return mask[i][j] }
	outT := func(i, j int) bool { return mask[j][i] }
	const temp = 0.2
	for _, c := range []struct {
		name      string
		symmetric bool
		masked    bool
		want      float64
	}{
		{"plain", false, false, lossByHand(s, temp, nil)},
		{"masked", false, true, lossByHand(s, temp, out)},
		{"symmetric", true, false, (lossByHand(s, temp, nil) + lossByHand(st, temp, nil)) / 2},
		{"symmetric, masked", true, true, (lossByHand(s, temp, out) + lossByHand(st, temp, outT)) / 2},
	} {
		got, err := model.CallOnce(backend(t), model.NewStore(), func(_ *model.Scope, q, p, m *Node) *Node {
			if !c.masked {
				m = nil
			}
			return InfoNCE{Temperature: temp, Symmetric: c.symmetric}.Loss(q, p, m)
		}, q, p, mask)
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.name, floats(t, got), []float32{float32(c.want)}, 1e-6)
	}
	m, err := model.CallOnceN(backend(t), model.NewStore(), func(_ *model.Scope, q, p, m *Node) []*Node {
		a, b, c := Margin(q, p, nil)
		d, _, e := Margin(q, p, m)
		return []*Node{a, b, c, d, e}
	}, q, p, mask)
	if err != nil {
		t.Fatal(err)
	}
	// Positives .8, 1, .6; hardest negatives 1, .6, .96; with the mask 0, .6, .96.
	for i, want := range []float32{0.8 - 2.56/3, 0.8, 2.56 / 3, 0.8 - 1.56/3, 1.56 / 3} {
		near(t, fmt.Sprintf("margin value %d", i), floats(t, m[i]), []float32{want}, 1e-6)
	}
}

func TestInfoNCERefuses(t *testing.T) {
	q, p := [][]float32{{1, 0}, {0, 1}}, [][]float32{{1, 0}, {0, 1}}
	for _, l := range []InfoNCE{{}, {Temperature: 0.1, Negatives: 1}, {Temperature: 0.1, Symmetric: true, OwnOnly: true}} {
		if _, err := model.CallOnce(backend(t), model.NewStore(), func(_ *model.Scope, q, p *Node) *Node { return l.Loss(q, p, nil) }, q, p); err == nil {
			t.Errorf("%+v is accepted", l)
		}
	}
}

// infoNCEKeys are the settings of testdata/references/gen_losses.py.
func infoNCEKeys(all map[string]*tensors.Tensor) []string {
	keys := slices.Sorted(maps.Keys(all))
	return slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, "infonce.") || !strings.HasSuffix(k, ".loss") })
}
