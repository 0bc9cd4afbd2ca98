// Package caption says in words what a street view shows and where it stands:
// the spatial context caption (SCC) of UGE, from templates over the city graph.
//
// [Describe] collects what the map has around a view: the street and its class,
// buildings on either side, crossings, places, areas, and unnamed scenery, each
// with distance, bearing and the side as seen from the camera. [Context.Text]
// writes it in a few short sentences of steady wording, what the camera sees
// first:
//
//	Facing northeast on North Market Street, a primary road in Wilmington.
//	Three-storey buildings on both sides. Ahead on the left, 20 m northeast:
//	food restaurant Joe's. Ahead, 45 m: crossing with East 5th Street, with
//	traffic signals.
//
// The UGE reference asks a vision model for a long caption and a summary (UGE
// reference, spatial context caption); the templates keep what its prompt asks
// for that a map knows (area and street identity, proximity cues, direction and
// distance of what stands near) and leave out what a map cannot see (weather,
// people, sounds, smells). Distances are rounded to 5 m, where the reference
// gives metres.
package caption
