package exif

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"

	"urbangraph/uglib/geo"
)

// panoSpace is the XML namespace of Google's Photo Sphere XMP metadata (GPano).
const panoSpace = "http://ns.google.com/photos/1.0/panorama/"

// panoHeading returns GPano:PoseHeadingDegrees of an XMP block: the compass
// heading of the picture's centre. It stands in an attribute or an element.
func panoHeading(xmp []byte) (geo.Bearing, bool) {
	const name = "PoseHeadingDegrees"
	if !bytes.Contains(xmp, []byte(name)) {
		return 0, false
	}
	dec := xml.NewDecoder(bytes.NewReader(xmp))
	for {
		tok, err := dec.Token()
		if err != nil {
			return 0, false
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			if a.Name.Space == panoSpace && a.Name.Local == name {
				return parseDegrees(a.Value)
			}
		}
		if start.Name.Space == panoSpace && start.Name.Local == name {
			var text string
			if err := dec.DecodeElement(&text, &start); err != nil {
				return 0, false
			}
			return parseDegrees(text)
		}
	}
}

func parseDegrees(s string) (geo.Bearing, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(v >= 0 && v <= 360) {
		return 0, false
	}
	return geo.NormalBearing(v), true
}
