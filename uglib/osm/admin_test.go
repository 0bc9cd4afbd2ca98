package osm

import "testing"

func TestDivisionOf(t *testing.T) {
	for _, c := range []struct {
		what    string
		tags    Tags
		country string
		want    Division
		byPlace bool
		none    bool
	}{
		{"a country", Tags{"admin_level": "2"}, "", Country, false, false},
		{"a country that is a city", Tags{"admin_level": "2", "place": "city"}, "MC", Country, false, false},
		{"a state", Tags{"admin_level": "4"}, "US", State, false, false},
		{"a county", Tags{"admin_level": "6"}, "US", County, false, false},
		{"a city by its level", Tags{"admin_level": "8"}, "US", Municipality, false, false},
		{"a city above its counties", Tags{"admin_level": "5", "place": "city"}, "US", Municipality, true, false},
		{"a borough", Tags{"admin_level": "7", "place": "borough"}, "US", District, true, false},
		{"an arrondissement", Tags{"admin_level": "9"}, "FR", District, false, false},
		{"a chome", Tags{"admin_level": "10"}, "JP", Neighbourhood, false, false},
		{"a ward of a Japanese city", Tags{"admin_level": "8"}, "JP", District, false, false},
		{"a Turkish ilce", Tags{"admin_level": "6"}, "TR", District, false, false},
		{"the same elsewhere", Tags{"admin_level": "6"}, "DE", County, false, false},
		{"a suburb without a level", Tags{"place": "suburb"}, "", District, true, false},
		{"a quarter", Tags{"place": "quarter"}, "", Neighbourhood, true, false},
		{"an Indian district", Tags{"place": "district", "admin_level": "5"}, "IN", County, true, false},
		{"a district of a city", Tags{"place": "district"}, "", District, true, false},
		{"no level", Tags{"boundary": "administrative"}, "", 0, false, true},
		{"a level that is none", Tags{"admin_level": "eight"}, "", 0, false, true},
		{"a level beyond all", Tags{"admin_level": "15"}, "", 0, false, true},
		{"an island", Tags{"place": "island"}, "", 0, false, true},
	} {
		d, byPlace, ok := DivisionOf(c.tags, c.country)
		if ok == c.none || ok && (d != c.want || byPlace != c.byPlace) {
			t.Errorf("%s: %v, by place %v, %v", c.what, d, byPlace, ok)
		}
	}
	for d := range Division(Divisions) {
		if got, ok := ParseDivision(d.String()); !ok || got != d {
			t.Errorf("%v is read as %v", d, got)
		}
	}
	if _, ok := ParseDivision("galaxy"); ok {
		t.Error("a galaxy is a division")
	}
}

func TestCountryCode(t *testing.T) {
	for _, c := range []struct {
		tags Tags
		want string
	}{
		{Tags{"ISO3166-1": "FR"}, "FR"},
		{Tags{"ISO3166-1:alpha2": "DE", "ISO3166-1": "XX"}, "DE"},
		{Tags{"ISO3166-2": "US-DE"}, "US"},
		{Tags{"is_in:country_code": "ES", "is_in": "Europe, Spain"}, "ES"},
		{Tags{"addr:country": "de"}, "DE"},
		{Tags{"is_in:country": "Spain"}, "ES"},
		{Tags{"is_in": "New Castle,Delaware,Del.,DE,USA"}, "US"},
		{Tags{"is_in": "USA, Delaware"}, "US"},
		{Tags{"is_in": "Sussex;Delaware;United States"}, "US"},
		{Tags{"is_in": "DE"}, ""}, // the code of a state as likely as one of a country
		{Tags{"is_in": ""}, ""},
		{Tags{"ISO3166-1": "Atlantis"}, ""},
		{Tags{"ISO3166-2": "-"}, ""},
		{nil, ""},
	} {
		if got := CountryCode(c.tags); got != c.want {
			t.Errorf("%v: %q, want %q", c.tags, got, c.want)
		}
	}
	for name, want := range map[string]string{"Côte d’Ivoire": "CI", "united states": "US", "GBR": "GB", "": "", "X": "", "150": ""} {
		if got := ParseCountry(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for code, want := range map[string]string{"US": "United States", "AD": "Andorra", "FJ": "Fiji", "": "", "QQ": "", "ZZ": ""} {
		if got := CountryName(code); got != want {
			t.Errorf("%q is called %q, want %q", code, got, want)
		}
	}
}
