package nn

import "testing"

func TestBucket(t *testing.T) {
	for n, want := range map[int]int{0: 8, 1: 8, 8: 8, 9: 12, 12: 12, 13: 16, 16: 16, 17: 24, 33: 48, 49: 64, 65: 96} {
		if got := Bucket(n); got != want {
			t.Errorf("Bucket(%d) = %d, want %d", n, got, want)
		}
	}
}
