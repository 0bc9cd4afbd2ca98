// Package engine embeds many inputs with a model: images, texts, or both, each
// distinct one once.
//
//	model, err := uge.LoadOn(backend, dir)
//	e, err := engine.New(model, backend, engine.Options{})
//	defer e.Close()
//	vectors, summary, err := e.Embed(ctx, items)
//
// [Engine.Run] does the same for a stream, with bounded memory: items are read
// and hashed, those of equal content joined, images decoded and prepared on all
// cores, and rows of similar size computed together while the next are made
// ready. An item that cannot be used is reported and left out; any other error
// ends the work. [Live] joins requests that come at the same time.
//
// # Which graphs are compiled
//
// A compiled graph belongs to one form of input (text, image, with a graph) and
// one padded size: rows of a batch, tokens of a row, patches or tiles of its
// picture. Sizes are rounded up to 8, 12, 16, 24, 32, ...; waiting rows are
// sorted, and the largest are computed first, so that later ones fit what is
// there. A batch takes the cheapest compiled graph that holds it. Another one is
// compiled for it only where that graph would cost more than 1.25 times what
// the batch needs, 1.6 times from the fifth graph on, 2.5 times from the ninth;
// the last two are for batches that nothing compiled can hold. So a data set of
// any sizes makes do with Options.Graphs, a dozen by default: where even those
// are spent, the graphs of the form are freed before the next is compiled.
// Padding changes no vector by more than rounding does (1e-5).
//
// # Results
//
// [Journal] keeps the vectors of finished batches in a file, so that work that
// was interrupted goes on where it stopped; [Write] makes Parquet, safetensors
// or JSON lines of them. The HTTP interface is package engine/openai.
package engine
