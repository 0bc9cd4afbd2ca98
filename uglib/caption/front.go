package caption

import (
	"cmp"
	"math"
	"slices"
)

// fronts sums up the buildings in view: to the left, straight ahead, to the right.
func (s scene) fronts() (left, middle, right Front) {
	type face struct {
		nearest float64
		word    string
		storeys int
	}
	var sides [3][]face
	for i := range s.Walls {
		w := &s.Walls[i]
		turn, nearest, ok := s.Seen(w, float64(buildingReach))
		if !ok || s.HiddenBut(nearest, i, 0) {
			continue
		}
		side := 1
		if turn < -12 {
			side = 0
		} else if turn > 12 {
			side = 2
		}
		sides[side] = append(sides[side], face{math.Hypot(nearest[0], nearest[1]), buildingWord(w.Feature.Tags["building"], w.Area), storeys(w.Feature.Tags)})
	}
	sum := func(faces []face) Front {
		if len(faces) == 0 {
			return Front{}
		}
		slices.SortStableFunc(faces, func(a, b face) int { return cmp.Compare(a.nearest, b.nearest) })
		f := Front{Count: len(faces), Word: faces[0].word}
		var floors []int
		for _, x := range faces {
			if x.storeys > 0 {
				floors = append(floors, x.storeys)
			}
		}
		if len(floors) > 0 {
			slices.Sort(floors)
			f.Storeys = floors[len(floors)/2]
		}
		return f
	}
	return sum(sides[0]), sum(sides[1]), sum(sides[2])
}
