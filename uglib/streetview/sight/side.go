package sight

import "math"

// Side is where a thing lies as seen from the camera.
type Side uint8

const (
	Ahead      Side = iota // within 15 degrees of the axis
	AheadLeft              // within the field of view of 90 degrees, to the left
	AheadRight             //
	Left                   // beside the camera, out of view
	Right                  //
	Behind                 // more than 135 degrees off the axis
	Here                   // the camera stands in it
	Around                 // somewhere around a camera whose heading is not known
)

var sideWords = [...]string{"ahead", "ahead on the left", "ahead on the right", "left", "right", "behind", "here", "around"}

// String returns the side in words: "ahead on the left".
func (s Side) String() string { return sideWords[s] }

// InView reports whether a side is within the field of view, or may be.
func (s Side) InView() bool { return s <= AheadRight || s == Around }

// HalfView is half of the field of view of a street view, in degrees.
const HalfView = 45

// SideOf returns the side of a thing that lies so many degrees off the camera's
// axis, positive to the right.
func SideOf(turn float64) Side {
	switch a := math.Abs(turn); {
	case a <= 15:
		return Ahead
	case a <= HalfView && turn < 0:
		return AheadLeft
	case a <= HalfView:
		return AheadRight
	case a <= 135 && turn < 0:
		return Left
	case a <= 135:
		return Right
	}
	return Behind
}
