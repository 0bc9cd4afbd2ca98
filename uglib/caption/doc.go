// Package caption says in words what a street view shows and where it stands:
// the spatial context caption (SCC) of UGE, from templates over the city graph.
//
// [Describe] collects what the map has around a view: the street and its class,
// lanes, bridge, tunnel or slope; the kind of area by land use and by the mix of
// what stands there; quarter, town and country; buildings on either side;
// crossings, places, areas and unnamed scenery, each with distance, bearing and
// the side as seen from the camera. [Context.Text] writes it in a few short
// sentences of steady wording, what the camera sees first:
//
//	Facing northeast on North Market Street, a primary road in a commercial area
//	of Wilmington. Three-storey buildings on both sides. Ahead on the left, 20 m
//	northeast: restaurant Joe's. Ahead, 45 m: crossing with East 5th Street,
//	traffic signals.
//
// [Context.Full] writes a paragraph of whole sentences, for models that read
// long texts:
//
//	The camera looks northeast along North Market Street, a primary road with two
//	lanes, in a commercial area of Wilmington, Delaware, United States.
//	Three-storey buildings stand on both sides. Ahead on the left is the
//	restaurant Joe's, 20 m away to the northeast. Ahead, the street meets East
//	5th Street (45 m, traffic signals).
//
// Nothing is said that the map does not tell: a view of a real street without
// buildings in the map is not said to be open. No text holds coordinates or ids.
// Names stay in their script.
//
// The UGE reference asks a vision model for a long caption and a summary (UGE
// reference, spatial context caption), as package caption/endpoint does; the
// templates keep what its prompt asks for that a map knows (area and street
// identity, proximity cues, direction and distance of what stands near) and leave
// out what a map cannot see (weather, people, sounds, smells). Distances are
// rounded to 5 m, where the reference gives metres.
package caption
