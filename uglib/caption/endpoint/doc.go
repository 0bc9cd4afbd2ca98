// Package endpoint captions street views by a vision model behind any
// OpenAI-compatible endpoint, a server of one's own or a service: the spatial
// context captions (SCC) of UGE as its reference makes them.
//
//	cfg := endpoint.Config{URL: "http://127.0.0.1:8000/v1", Model: "qwen2-vl-7b"}
//	spec, err := endpoint.New(views, cfg)
//	captions, err := endpoint.Open(ctx, spec)   // asked once, by the store
//	c, ok := captions.Of(view.ID)               // c.Text, c.Summary, or why not
//
// One request a view goes to /chat/completions: a system message, the image as a
// JPEG in a data URL (reduced, upright, without its metadata), and a prompt of
// the map around the view (UGE reference, spatial context caption): the street
// and how one looks along it, the quarter, groups of nearby places with distance
// and direction, places joined to these, and connections in words; then what to
// write, an example, and the form of the answer. The answer holds a caption and a
// summary behind marks, which [ParseAnswer] finds in whatever way a model writes
// them.
//
// # Faults
//
// What may pass (time-outs, broken answers, status 408, 409, 425, 429 and 5xx) is
// tried again with pauses that double and vary; what an endpoint asks for by
// Retry-After holds all requests. What concerns one view (a refusal, an empty
// answer, a missing mark, status 4xx) is that view's [Status], with the reason and
// the text of the answer. What would fail with every view (a wrong key, no such
// model, no credit, ten failures in a row) ends the run. No answer is lost: each
// is kept as it comes, under the hash of all that it depends on, and the next run
// goes on there, after an interruption, a crash or a spent [Budget] alike. [Retry]
// asks again about the views that failed.
//
// The API key comes from the environment or a file; no spec, file, log or error
// holds it.
//
// # Deviations from the reference
//
//   - prompt and example are in words of our own, and the rules forbid coordinates
//     and ids, which the reference's prompt holds: a model that copies them teaches
//     digits instead of places;
//   - failures are not taken for done: they are told, and can be asked about again;
//   - the mark of the caption is taken out of it;
//   - answers cut off by the limit of tokens count as failures;
//   - several requests are under way at a time, where the reference waits six
//     seconds after each.
package endpoint
