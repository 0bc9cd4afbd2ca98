package streetnet

import (
	"fmt"
	"slices"
	"strings"

	"urbangraph/uglib/osm/extract"
)

// Filter is a type of network: which ways are streets of it.
type Filter uint8

// The types of networks and what each leaves out are those of OSMnx 2.1
// (osmnx._overpass._get_network_filter).
const (
	All          Filter = iota // every way in use
	AllPublic                  // without private ones
	Drive                      // open to cars, without service roads
	DriveService               // open to cars
	Walk                       // open to pedestrians
	Bike                       // open to cyclists
)

var filterNames = [...]string{"all", "all_public", "drive", "drive_service", "walk", "bike"}

// String returns OSMnx's name: all, all_public, drive, drive_service, walk or bike.
func (f Filter) String() string { return filterNames[f] }

// ParseFilter returns the type of network with this name.
func ParseFilter(name string) (Filter, error) {
	if i := slices.Index(filterNames[:], name); i >= 0 {
		return Filter(i), nil
	}
	return 0, fmt.Errorf("no type of network is called %q; there are %s", name, strings.Join(filterNames[:], ", "))
}

// clause leaves out a way whose tag holds one of some words anywhere in its
// value, as the regular expressions of Overpass do: "service" leaves out
// "services", and "no" leaves out "none".
type clause struct {
	key   string
	words []string
}

func words(key, alternatives string) clause { return clause{key, strings.Split(alternatives, "|")} }

// filters are the clauses of each type of network.
var filters = [...][]clause{
	All: {
		words("area", "yes"),
		words("highway", "abandoned|construction|no|planned|platform|proposed|raceway|razed|rest_area|services"),
	},
	AllPublic: {
		words("area", "yes"), words("access", "private"),
		words("highway", "abandoned|construction|no|planned|platform|proposed|raceway|razed|rest_area|services"),
		words("service", "private"),
	},
	Drive: {
		words("area", "yes"), words("access", "private"),
		words("highway", "abandoned|bridleway|bus_guideway|construction|corridor|cycleway|elevator|escalator|footway|no|path|pedestrian|planned|platform|proposed|raceway|razed|rest_area|service|services|steps|track"),
		words("motor_vehicle", "no"), words("motorcar", "no"),
		words("service", "alley|driveway|emergency_access|parking|parking_aisle|private"),
	},
	DriveService: {
		words("area", "yes"), words("access", "private"),
		words("highway", "abandoned|bridleway|bus_guideway|construction|corridor|cycleway|elevator|escalator|footway|no|path|pedestrian|planned|platform|proposed|raceway|razed|rest_area|services|steps|track"),
		words("motor_vehicle", "no"), words("motorcar", "no"),
		words("service", "emergency_access|parking|parking_aisle|private"),
	},
	Walk: {
		words("area", "yes"), words("access", "private"),
		words("highway", "abandoned|bus_guideway|construction|cycleway|motor|no|planned|platform|proposed|raceway|razed|rest_area|services"),
		words("foot", "no"), words("service", "private"),
		words("sidewalk", "separate"), words("sidewalk:both", "separate"), words("sidewalk:left", "separate"), words("sidewalk:right", "separate"),
	},
	Bike: {
		words("area", "yes"), words("access", "private"),
		words("highway", "abandoned|bus_guideway|construction|corridor|elevator|escalator|footway|motor|no|planned|platform|proposed|raceway|razed|rest_area|services|steps"),
		words("bicycle", "no"), words("service", "private"),
	},
}

// takes reports whether a way with these tags belongs to the network.
func (f Filter) takes(tags extract.Tags) bool {
	if tags.Get("highway") == "" {
		return false
	}
	for _, c := range filters[f] {
		value := tags.Get(c.key)
		if value == "" {
			continue
		}
		for _, w := range c.words {
			if strings.Contains(value, w) {
				return false
			}
		}
	}
	return true
}

// bothWays reports whether one-way streets are left out of account: a
// pedestrian walks against them (osmnx.settings.bidirectional_network_types).
func (f Filter) bothWays() bool { return f == Walk }
