// Package openai serves an [engine.Live] over HTTP as OpenAI's embeddings API
// does, so that its clients can use a model of ours.
//
//	GET  /healthz        200 while the server answers
//	GET  /v1/models      the one model
//	POST /v1/embeddings  {"model": NAME, "input": ..., "encoding_format": "float" | "base64"}
//
// The input is a string, an object, or a list of either. An object has a text,
// an image, or both: {"text": "...", "image": "data:image/jpeg;base64,..."},
// where the image may also be the base64 alone. This is the form that servers
// of multimodal embedding models have in common; OpenAI's own API knows texts
// alone. Images are never fetched from an address. Arrays of tokens are refused:
// they are those of another tokenizer.
//
// The field dimensions may only be the model's own width: its vectors are not
// trained to be cut. Usage counts the tokens that the model read, those of the
// prompt around the input and of images among them. A text that is longer than
// the model takes is cut at its end. A request has at most 2048 inputs.
//
// Errors have OpenAI's form, {"error": {"message", "type", "param", "code"}}.
package openai
