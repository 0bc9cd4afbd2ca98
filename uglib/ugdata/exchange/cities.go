package exchange

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// cityKeys are the names of cities that the reference's files have in theirs.
var cityKeys = []string{"singapore", "newyork", "beijing", "paris", "ilede", "chubu"}

// cityOfFile tells the city from the path of a file, as the reference does.
func cityOfFile(path string) string {
	words := strings.FieldsFunc(strings.ToLower(path), func(r rune) bool { return !('a' <= r && r <= 'z') })
	for i := len(words) - 1; i >= 0; i-- {
		if slices.Contains(cityKeys, words[i]) {
			return words[i]
		}
	}
	return ""
}

// cityKey makes a name that can be that of a folder.
func cityKey(name string) string {
	key := strings.Trim(notKey.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if !cityName.MatchString(key) {
		return ""
	}
	return key
}

var notKey = regexp.MustCompile(`[^a-z0-9]+`)

// cityWidth is how far places of one city may lie apart.
const cityWidth geo.Metres = 150e3

// nameCities names the cities of places whose rows name none, by where they lie.
func (m *importer) nameCities() {
	base := m.o.City
	if base == "" {
		base = "imported"
	}
	var seeds []orb.Point
	for _, a := range m.order {
		if a.city != "" && m.o.City == "" {
			continue
		}
		a.city = base
		if a.at == nil {
			continue
		}
		near := slices.IndexFunc(seeds, func(s orb.Point) bool { return geo.Distance(s, *a.at) < cityWidth })
		if near < 0 {
			near = len(seeds)
			seeds = append(seeds, *a.at)
		}
		if near > 0 {
			a.city = fmt.Sprintf("%s-%d", base, near+1)
		}
	}
}
