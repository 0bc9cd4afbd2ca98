// Package streetview holds sets of geotagged images of a city, each anchored
// to the street that it stands on.
//
// The images of a set are files that carry their place themselves: photographs
// of a folder, read by their EXIF position and heading ([Folder]), or views
// that are drawn from the city's geometry ([Render]) and written as JPEG with
// the same EXIF tags. Both are opened by the same reader. Drawn views say so in
// their description, and are marked [Rendered] wherever they go.
//
//	spec := streetview.Render(wilmington, 2000)
//	c, set, err := streetview.Open(ctx, spec)
package streetview
