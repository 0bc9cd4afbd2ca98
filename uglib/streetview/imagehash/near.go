package imagehash

import (
	"cmp"
	"slices"
)

// maxBands is the greatest number of parts into which hashes are cut.
const maxBands = 16

// Near returns the pairs of hashes that differ in at most max bits, as indices
// i < j, in order. Hashes are cut into max+1 parts: of two that differ in max
// bits one part at least is equal, so that only hashes with an equal part are
// compared (Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with
// Multi-Index Hashing", 2012). For 200,000 different hashes and 6 bits this is
// 1/70 of all pairs. Above 15 bits all pairs are compared. A negative max gives
// none.
func Near(hashes []Hash, max int) [][2]int {
	var pairs [][2]int
	if max < 0 {
		return nil
	}
	bands := max + 1
	if bands > maxBands {
		for i, h := range hashes {
			for j := i + 1; j < len(hashes); j++ {
				if h.Distance(hashes[j]) <= max {
					pairs = append(pairs, [2]int{i, j})
				}
			}
		}
		return pairs
	}
	masks := masks(bands)
	order := make([]int, len(hashes))
	for i := range order {
		order[i] = i
	}
	for band, mask := range masks {
		slices.SortFunc(order, func(a, b int) int {
			return cmp.Or(cmp.Compare(hashes[a]&mask, hashes[b]&mask), cmp.Compare(a, b))
		})
		for from := 0; from < len(order); {
			to := from + 1
			for to < len(order) && hashes[order[to]]&mask == hashes[order[from]]&mask {
				to++
			}
			for n, i := range order[from:to] {
				for _, j := range order[from+n+1 : to] {
					if hashes[i].Distance(hashes[j]) <= max && firstEqual(hashes[i]^hashes[j], masks) == band {
						pairs = append(pairs, [2]int{i, j})
					}
				}
			}
			from = to
		}
	}
	slices.SortFunc(pairs, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return pairs
}

// masks cuts the 64 bits into parts of about the same size.
func masks(n int) []Hash {
	out := make([]Hash, n)
	for i := range out {
		for bit := 64 * i / n; bit < 64*(i+1)/n; bit++ {
			out[i] |= 1 << bit
		}
	}
	return out
}

// firstEqual returns the first part in which a difference has no bit, so that a
// pair that shares several parts is told of once.
func firstEqual(diff Hash, masks []Hash) int {
	return slices.IndexFunc(masks, func(m Hash) bool { return diff&m == 0 })
}
