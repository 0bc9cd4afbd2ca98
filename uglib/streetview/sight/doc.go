// Package sight says what of the map a camera at a place sees: on which side a
// thing lies, whether a building stands before it, and which street, place or
// area lies straight ahead ([Look]).
//
// It knows the map only: buildings hide what stands behind their outline,
// whatever their height; trees, cars and hills hide nothing.
package sight
