package osm

import (
	"testing"
	"unicode"
)

func TestNamesOfEveryScript(t *testing.T) {
	for _, c := range []struct {
		tags Tags
		want string
	}{
		{Tags{"name": "Ünïversität"}, "Ünïversität"},
		{Tags{"name": " \t\n"}, ""},
		{Tags{"name": "\u200b\ufeff\u00ad"}, ""},
		{Tags{"name": "\u200d \u200c"}, ""},
		{Tags{"name": "\u202eevil\u202c"}, "evil"},
		{Tags{"name": "A\u00a0\u3000B"}, "A B"},
		{Tags{"name": "نیم\u200cفاصله"}, "نیم\u200cفاصله"},
		{Tags{"name:sw": "Soko", "name:am": "ገበያ"}, "ገበያ"},
		{Tags{"name:etymology": "a king", "name:left": "x", "name:signed": "no"}, ""},
		{Tags{"name:sr-Latn": "Trg"}, "Trg"},
		{Tags{"name": "\x00\x07Bell"}, "Bell"},
	} {
		if got := Name(c.tags); got != c.want {
			t.Errorf("%q: %q, want %q", c.tags, got, c.want)
		}
	}
}

func TestAddressesOfEveryCountry(t *testing.T) {
	for _, c := range []struct {
		tags Tags
		want string
	}{
		{Tags{"addr:housenumber": "12", "addr:street": "Elm Lane", "addr:postcode": "19801", "addr:city": "Wilmington"}, "12 Elm Lane, 19801, Wilmington"},
		{Tags{"addr:housenumber": "5 bis", "addr:street": "Rue  de\tRivoli"}, "5 bis Rue de Rivoli"},
		{Tags{"addr:conscriptionnumber": "228", "addr:street": "Husova"}, "228 Husova"},
		{Tags{"addr:conscriptionnumber": "228", "addr:streetnumber": "17", "addr:street": "Husova"}, "228/17 Husova"},
		{Tags{"addr:streetnumber": "17", "addr:street": "Husova"}, "17 Husova"},
		{Tags{"addr:housenumber": "9", "addr:place": "Hnojník", "addr:city": "Hnojník", "addr:postcode": "739 53"}, "9 Hnojník, 739 53"},
		{Tags{"addr:housenumber": "3", "addr:neighbourhood": "一丁目", "addr:quarter": "神南"}, "神南 一丁目 3"},
		{Tags{"addr:full": "中山路12號"}, "中山路12號"},
		{Tags{"addr:full": "Whole", "addr:street": "Elm Lane"}, "Whole"},
		{Tags{"addr:full": "Whole", "addr:street": "Elm Lane", "addr:housenumber": "1"}, "1 Elm Lane"},
		{Tags{"addr:housenumber": "7", "addr:village": "Bled"}, "7, Bled"},
		{Tags{"addr:housenumber": "7"}, ""},
		{Tags{"addr:interpolation": "odd"}, ""},
		{Tags{"addr:country": "US"}, ""},
		{nil, ""},
	} {
		if got := Address(c.tags); got != c.want {
			t.Errorf("%v: %q, want %q", c.tags, got, c.want)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"Elm Lane", " \u202b קפה \u202c ", "\u200d", "क्\u200dष", "a\x00b", "\xff\xfe", "中 山"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, name, street string) {
		for _, s := range []string{
			Name(Tags{"name": name, "name:xx": street}), Address(Tags{"addr:street": street, "addr:full": name, "addr:housenumber": name}), StreetName(Tags{"ref": name}),
		} {
			shown := s == ""
			for _, r := range s {
				if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
					t.Fatalf("%q holds %U", s, r)
				}
				shown = shown || !unicode.IsSpace(r) && r != '\u200c' && r != '\u200d'
			}
			if !shown || clean(s) != s {
				t.Fatalf("%q shows nothing or is not clean", s)
			}
		}
	})
}
