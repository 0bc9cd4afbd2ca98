// Package fetch is what the clients of online street-view services share: a
// polite HTTP client, the search of an area by boxes, a journal that outlives
// a kill, the choice of photographs, and the download of their files.
//
// A service is a [Source]. [Collect] searches the area box by box, writes
// what is found to a journal as it comes, chooses photographs that cover the
// area evenly ([Limits]), downloads and checks each, and writes [PhotosFile].
// A run that was killed goes on where it stopped, and one that was done is
// done at once. A box or photograph that
// cannot be had is listed in the [Result]; it does not stop the rest.
//
// # Requests
//
// A request that fails in passing (no connection, a body that ends early or
// does not come in time, HTTP 5xx) is made again after 1, 2, 4 ... 60 seconds,
// each with 50% of jitter. "Too many requests" (HTTP 429, or what a service
// says in its place) holds back all requests for as long as Retry-After says,
// or for the same growing pauses. A box that is too much for the service is
// split in four. Errors name the service's host and path, never the query of a
// URL nor the token, which is cut out of what a service says, too.
//
// # The journal
//
// A file of one JSON object a line that only grows: a header with the query it
// belongs to, the photographs, and the boxes that are done or split, each
// after its photographs. Whatever stands before the first damaged line counts;
// the rest is cut off, and those boxes are searched again.
package fetch
