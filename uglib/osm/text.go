package osm

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// nameKeys is the fallback chain of the UGE reference for the name of an
// element, first to last.
var nameKeys = []string{
	"name", "official_name", "alt_name", "short_name", "loc_name",
	"name:en", "name:zh", "name:de", "name:fr", "name:es", "name:it", "name:pt", "name:ko", "name:ru", "name:ja", "name:zh-Hans", "name:zh-Hant",
}

// languageKey matches the keys of names in one language.
var languageKey = regexp.MustCompile(`^name:[a-z]{2,3}(-[A-Za-z0-9]+)*$`)

// Name returns the name of an element by the fallback chain of the UGE
// reference, and by its name in the language that comes first by its code where
// that chain knows none; empty if it has none.
func Name(t Tags) string {
	for _, k := range nameKeys {
		if v := clean(t[k]); v != "" {
			return v
		}
	}
	best := ""
	for k, v := range t {
		if languageKey.MatchString(k) && (best == "" || k < best) && clean(v) != "" {
			best = k
		}
	}
	return clean(t[best])
}

// StreetName is [Name] with the road number, such as "I 95", for a street that
// has no name (the reference leaves those without one).
func StreetName(t Tags) string {
	if n := Name(t); n != "" {
		return n
	}
	ref, _, _ := strings.Cut(t["ref"], ";")
	return clean(ref)
}

// clean brings any run of white space to one space and takes out what shows
// nothing: control characters and marks of direction, which would turn around
// the text that a name is put into. Joiners stay, which some scripts need.
func clean(s string) string {
	shown := func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '\u200c' || r == '\u200d':
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		}
		return r
	}
	s = strings.Join(strings.Fields(strings.Map(shown, s)), " ")
	if strings.Trim(s, "\u200c\u200d ") == "" {
		return ""
	}
	return s
}

// numberKeys is the fallback chain of the UGE reference for a house number.
var numberKeys = []string{
	"addr:housenumber", "addr:housename", "housenumber", "house_number", "building:number", "number", "addr:number",
}

// Address returns what the tags give of an address, as
// "12 Elm Lane, 19801, Wilmington": number, street, postcode and settlement, in
// the words of the map. Where houses are not numbered along streets the place
// (addr:place) stands for the street, or the quarter and the block, as
// "神南 一丁目 12-5", and the conscription number for the number. What is written
// out as a whole (addr:full) counts where there is neither.
func Address(t Tags) string {
	number, street := houseNumber(t), clean(t["addr:street"])
	if street == "" {
		street = clean(t["addr:place"])
	}
	line := strings.TrimSpace(number + " " + street)
	if street == "" {
		if street = quarter(t); street != "" && number != "" {
			line = street + "-" + number // the number of the house in the block
			if clean(t["addr:block_number"]) == "" {
				line = street + " " + number
			}
		}
	}
	if full := clean(t["addr:full"]); full != "" && (street == "" || number == "") {
		return full
	}
	var parts []string
	if street != "" {
		parts = append(parts, line)
	}
	if v := clean(t["addr:postcode"]); v != "" {
		parts = append(parts, v)
	}
	for _, k := range []string{"addr:city", "addr:town", "addr:village", "addr:hamlet", "addr:municipality"} {
		if v := clean(t[k]); v != "" {
			if v != street {
				parts = append(parts, v)
			}
			break
		}
	}
	if street == "" && number != "" && len(parts) > 0 {
		parts = append([]string{number}, parts...)
	}
	return strings.Join(parts, ", ")
}

// quarter returns quarter, neighbourhood and block, the largest first; empty
// unless there is a block or a neighbourhood.
func quarter(t Tags) string {
	if clean(t["addr:block_number"]) == "" && clean(t["addr:neighbourhood"]) == "" {
		return ""
	}
	var parts []string
	for _, k := range []string{"addr:quarter", "addr:neighbourhood", "addr:block_number"} {
		if v := clean(t[k]); v != "" && !slices.Contains(parts, v) {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, " ")
}

// houseNumber returns the number of a house: the usual one, else the
// conscription number, with the street number behind it where there is one.
func houseNumber(t Tags) string {
	for _, k := range numberKeys {
		if v := clean(t[k]); v != "" {
			return v
		}
	}
	number, street := clean(t["addr:conscriptionnumber"]), clean(t["addr:streetnumber"])
	if number != "" && street != "" {
		return number + "/" + street
	}
	return number + street
}
