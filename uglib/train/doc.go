// Package train trains a model in the two stages of UGE.
//
// Stage 1 learns from image and instruction to text, with all weights free.
// Stage 2 learns from graph, image and instruction to text: the base is frozen,
// LoRA terms on the language model and the graph encoder learn. Both minimise
// InfoNCE (UGE reference, training).
//
// A training run is an artefact: see [Spec] and [Open]. It writes a checkpoint
// every so often, so that a killed run goes on where it was and ends with the
// same weights, bit for bit, as one that was not. Another backend draws other
// random numbers: with it stage 2 starts and drops out otherwise.
//
// Deviations from the reference, and why:
//   - false negatives (the same place, the same text) leave the softmax; in the
//     reference they are punished as negatives at a temperature of 0.01;
//   - part of the batches is drawn from one neighbourhood, since that is what
//     the benchmark asks for, and batches of random places hardly teach it;
//   - the loss runs both ways (query to text and text to query), because image
//     retrieval asks the second;
//   - the checkpoint is chosen on validation places apart from training places,
//     by the mean reciprocal rank among all of them; the reference's margin is
//     logged beside it;
//   - the graph encoder is trained, and each row of a batch has its own graph.
package train
