// Package uge is the model: an image, a text and a spatial graph, in any mix,
// become one unit vector.
//
// The vector is the hidden state of the backbone's last token (after the final
// norm), divided by its length (UGE reference, pooling and output). Image
// tokens come from the vision tower, graph tokens from the graph encoder; both
// replace placeholder tokens of the prompt, each row its own.
//
// A model folder is a Hugging Face folder: config.json, tokenizer.json,
// preprocessor_config.json, model.safetensors; beside them uge_config.json
// (prompt and limits), graph_encoder_config.json and
// graph_encoder.safetensors, and, after stage 2, a PEFT adapter in the folder
// adapter. Python reads both: Qwen2VLForConditionalGeneration.from_pretrained
// the base, PeftModel.from_pretrained the adapter.
package uge
