package leaflet

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// The hashes are those of the files in leaflet-1.9.4.tgz of the npm registry.
func TestEmbeddedFilesAreTheRelease(t *testing.T) {
	for _, f := range []struct{ name, text, want string }{
		{"leaflet.js", script, "db49d009c841f5ca34a888c96511ae936fd9f5533e90d8b2c4d57596f4e5641a"},
		{"leaflet.css", style, "a7837102824184820dfa198d1ebcd109ff6d0ff9a2672a074b9a1b4d147d04c6"},
		{"LICENSE", License, "53e8dc25862014e4324741ca18fbe3611e11d42ef69f59f86ea8c5389647d4cb"},
	} {
		sum := sha256.Sum256([]byte(f.text))
		if got := hex.EncodeToString(sum[:]); got != f.want {
			t.Errorf("dist/%s: SHA-256 %s, want %s; run fetch.sh", f.name, got, f.want)
		}
	}
}

func TestPartsFitIntoAPage(t *testing.T) {
	js, css := Script(), Style()
	if !strings.Contains(js, `"`+Version+`"`) {
		t.Errorf("script does not say version %s", Version)
	}
	for _, bad := range []string{"</script", "<!--", "sourceMappingURL"} {
		if strings.Contains(js, bad) {
			t.Errorf("script holds %q", bad)
		}
	}
	for _, bad := range []string{"</style", "url(images"} {
		if strings.Contains(css, bad) {
			t.Errorf("style holds %q", bad)
		}
	}
	if strings.Count(css, "{") != strings.Count(css, "}") {
		t.Errorf("style has unbalanced braces after the image rules were left out")
	}
}
