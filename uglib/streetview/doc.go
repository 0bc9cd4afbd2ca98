// Package streetview holds sets of geotagged images of a city, each anchored
// to the street that it stands on.
//
// The images of a set are photographs of a folder, read by their EXIF position
// and heading ([Folder]), photographs of a street-view service ([Mapillary],
// [KartaView], or [MapillaryFile] for those that were fetched before), or views
// that are drawn from the city's geometry ([Render]) and written as JPEG with
// the same EXIF tags. All are opened by the same reader. Drawn views say so in
// their description, and are marked [Rendered] wherever they go; photographs
// of a service carry their creator and licence ([View.Credit]).
//
// What a photograph's EXIF block lacks may stand in a table beside it (package
// sidecar; [Spec.WithSidecar]). Headings from magnetic north become true ones
// ([TrueNorth]). Files with the same bytes count once, pictures of one place
// that look alike are told of or left out ([NearRule]), and nothing that is left
// out, or that no street is near, goes without a word ([Report]). [Anchor] says
// on which street a view stands, [LooksAt] what lies ahead of it.
//
//	spec := streetview.Render(wilmington, 2000)
//	c, set, err := streetview.Open(ctx, spec)
package streetview
