// Package mapillary fetches photographs and their metadata from Mapillary by
// its API version 4, and reads metadata that were fetched before.
//
//	q := mapillary.Query{}
//	q.Max, q.Spacing = 2000, 15
//	spec := streetview.Mapillary(wilmington, q)
//
// The access token (a client token of a registered application, free of
// charge) comes from $MAPILLARY_TOKEN, from the file that
// $MAPILLARY_TOKEN_FILE names, or from [Options] in the context. It is sent in
// the header "Authorization: OAuth ..." to the API alone, never in a URL, and
// stands in no spec, artefact, log or error.
//
// # The API as it is documented
//
// GET graph.mapillary.com/images takes bbox (west,south,east,north, an area of
// less than 0.01 square degrees), limit (2000 at most and by default),
// start_captured_at, end_captured_at, is_pano, creator_username and
// organization_id, and returns one sample of a box with no further pages; a
// search by creator has cursors, which are followed where they come. GET
// graph.mapillary.com/ID returns one image. 10,000 searches and 60,000 images
// may be asked for each minute by an application
// (www.mapillary.com/developer/api-documentation, "Rate limits"); this
// package asks 10 times a second by default. Addresses of image files expire
// and are asked for again by id (blog.mapillary.com, 23 June 2021). The
// photographs are under CC BY-SA 4.0: their creator must be named and derived
// data sets shared alike.
//
// # The API as it is
//
// Two things are not in the documentation, and found in the issues of projects
// that use it. A box with many images is answered by HTTP 400, code -2, "Query
// Timeout", or by HTTP 500, "Please reduce the amount of data you're asking
// for", however small its area is: the request is made twice, then the box is
// split in four, down to about 11 metres. And a wrong token is answered by
// HTTP 400, 401 or 500 alike, told by the code 190. A field that the API does
// not know any more is left out of further requests.
package mapillary
