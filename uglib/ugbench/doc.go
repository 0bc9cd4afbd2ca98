// Package ugbench is UGBench: ranking tasks over places, with statistics that
// say how much a number is worth.
//
// A [Bench] is made from a dataset's test places. It holds one [Set] of queries
// for each task and region: geolocation (image to location text), the same with
// texts of names alone, and retrieval (text to image). A set lists what is to be
// embedded, each thing once: its queries and its gallery. [Set.Evaluate] takes
// the unit vectors of both and gives a [Result] with rank, Hit@k, NDCG@k, MRR and
// margin, 95% intervals and the chance level; [Compare] tests two results on the
// same queries; [Table] puts results side by side.
//
//	b, err := ugbench.Open(ctx, spec)
//	set, err := b.Set(ugbench.Geolocation, ugbench.TrainingCities)
//	// embed set.Queries and set.Gallery ...
//	result, err := set.Evaluate(queryVectors, galleryVectors)
//
// Metrics follow the UGE reference's recommended definition: the score is the
// dot product of unit vectors; the rank of the truth is one more than the
// number of candidates with a greater score, plus half the number with an equal
// one.
//
// The reference's benchmark builder, metric code and data are not public, so
// what they leave open is decided here, and its urban perception and spatial
// grounding are left out: perception needs the judgements of people. Other
// deviations: a set embeds every query and candidate once, where the reference
// encodes the candidates anew for each query; no two candidates of a query are
// alike; and geolocation is asked a second time with texts of names alone,
// without kinds, distances and directions.
package ugbench
