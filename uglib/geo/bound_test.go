package geo

import (
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

func TestParseBound(t *testing.T) {
	b, err := ParseBound(" -75.60, 39.72,-75.51,39.78")
	if want := (orb.Bound{Min: orb.Point{-75.60, 39.72}, Max: orb.Point{-75.51, 39.78}}); err != nil || b != want {
		t.Errorf("got %v, %v", b, err)
	}
	for in, why := range map[string]string{
		"":                  "1 numbers",
		"1,2,3":             "3 numbers",
		"1,2,3,4,5":         "5 numbers",
		"a,2,3,4":           `"a" is not a number`,
		"NaN,2,3,4":         `"NaN" is not a number`,
		"1,2,+Inf,4":        `"+Inf" is not a number`,
		"3,2,1,4":           "west is not west of east",
		"1,4,3,2":           "south is not south of north",
		"1,2,1,4":           "west is not west of east",
		"-181,2,3,4":        "longitude",
		"1,2,3,91":          "latitude",
		"39.7,-75.6,39.8,1": "", // latitude first is a box all the same
	} {
		_, err := ParseBound(in)
		if why == "" {
			if err != nil {
				t.Errorf("%q: %v", in, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "give west,south,east,north") {
			t.Errorf("%q: error %v, want one that says %q and the cure", in, err, why)
		}
	}
}

func FuzzParseBound(f *testing.F) {
	f.Add("-75.60,39.72,-75.51,39.78")
	f.Add("1e1,-0,0x1p4,8_9")
	f.Add(",,,")
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ParseBound(s)
		if err != nil {
			return
		}
		if !(b.Min[0] < b.Max[0] && b.Min[1] < b.Max[1]) || b.Min[0] < -180 || b.Max[0] > 180 || b.Min[1] < -90 || b.Max[1] > 90 {
			t.Fatalf("%q is read as the bad box %v", s, b)
		}
		again, err := ParseBound(FormatBound(b))
		if err != nil { // narrower than FormatBound's last decimal
			if b.Max[0]-b.Min[0] > 1e-6 && b.Max[1]-b.Min[1] > 1e-6 {
				t.Fatalf("%q is printed as %q: %v", s, FormatBound(b), err)
			}
			return
		}
		for i := range 2 {
			if !close(again.Min[i], b.Min[i], 1e-7) || !close(again.Max[i], b.Max[i], 1e-7) {
				t.Fatalf("%v printed and read again is %v", b, again)
			}
		}
	})
}
