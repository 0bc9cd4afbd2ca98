package caption

import "urbangraph/uglib/streetview/sight"

// Side is where a thing lies as seen from the camera.
type Side = sight.Side

// The sides; see package sight.
const (
	Ahead      = sight.Ahead
	AheadLeft  = sight.AheadLeft
	AheadRight = sight.AheadRight
	Left       = sight.Left
	Right      = sight.Right
	Behind     = sight.Behind
	Here       = sight.Here
	Around     = sight.Around
)

// scene is what stands around a camera.
type scene struct{ *sight.Scene }
