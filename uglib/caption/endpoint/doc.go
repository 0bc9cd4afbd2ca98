// Package endpoint captions street views by a vision model behind any
// OpenAI-compatible endpoint: the spatial context captions (SCC) of UGE, as its
// reference makes them.
package endpoint
