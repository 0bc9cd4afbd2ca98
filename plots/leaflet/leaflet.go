// Package leaflet embeds the Leaflet map library (version [Version], licence
// BSD-2-Clause, see dist/LICENSE), so that interactive maps need no network.
//
// The files come from the npm package leaflet by fetch.sh, which checks the
// registry's integrity hash; the test checks the SHA-256 of what is embedded.
package leaflet

import (
	_ "embed"
	"strings"
)

//go:generate sh fetch.sh

// Version is the embedded release of Leaflet.
const Version = "1.9.4"

//go:embed dist/leaflet.js
var script string

//go:embed dist/leaflet.css
var style string

// License is the licence text, which must go along with the library.
//
//go:embed dist/LICENSE
var License string

// Script returns the minified library, ready to stand inside a script element:
// the pointer to its source map is left out and it holds no "</script".
func Script() string {
	s, _, _ := strings.Cut(script, "//# sourceMappingURL=")
	return strings.TrimSpace(s)
}

// Style returns the style sheet without the rules that would load an image
// file: the marker icon and the two icons of the layer switch.
func Style() string {
	var out strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(style, "\r\n", "\n")) {
		if !strings.Contains(line, "url(images/") {
			out.WriteString(line)
		}
	}
	return out.String()
}
