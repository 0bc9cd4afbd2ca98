// Package qwen2vl is Qwen2-VL (Wang et al. 2024, arXiv 2409.12191) and Qwen2.5-VL (Bai et al. 2025, arXiv 2502.13923) in
// GoMLX: config.json and safetensors in, hidden states out. The numbers are those of Hugging Face transformers, layer by layer.
//
// # From rows to hidden states
//
// The work is split between the host and the graph.
//
//	cfg, err := qwen2vl.LoadConfig(folder)            // or Tiny(vocab, hidden, visionLayers, layers)
//	err = cfg.Load(store, folder)                      // or cfg.Init(store, seed)
//	batch, err := cfg.Layout(rows, qwen2vl.Sizes{})    // pads, counts positions, computes angles
//	exec, err := model.NewExec(backend, store, func(s *model.Scope, nodes []*graph.Node) *graph.Node {
//		return cfg.LastHidden(s, qwen2vl.NewInputs(nodes), qwen2vl.Options{})
//	})
//	out, err := exec.Call1(batch.Tensors()...)         // [B, H]
//
// A [Row] holds token ids, the pictures as [vision.Patches] and, for each graph token, the index of its vector.
// [Config.Layout] turns rows into a [Batch] of tensors of fixed sizes: everything that depends on counting (which
// embedding stands where, M-RoPE positions and angles, the vision tower's 2-D rotary angles, masks) is done there, so
// the graph depends on the [Sizes] alone. Callers round the sizes up to few values, since each new combination compiles
// a new graph.
//
// In the graph, [Config.Forward] gives the hidden states [B, S, H] after the last norm and [Config.LastHidden] those of
// each row's last token alone [B, H], for which the last layer computes no more than that token needs: with few layers
// that saves a large part of the time. Graph vectors come in through [Options].Graph; low-rank adapters through
// [Options].LoRA; intermediate results go out through [Options].Tap.
//
// Pictures are kept apart: one row of P patches each, padded with a mask, rather than one packed sequence with a
// block-diagonal mask. All input embeddings are one gather from the text embeddings, the image features and the graph
// vectors, joined.
//
// Qwen2.5-VL differs in the vision tower: RMS norms, gated MLPs, and attention within windows but for some blocks. Its
// patches are laid out window by window, windows at the border filled up with masked patches, so that a window's
// attention is a reshape away ([VisionConfig.Places]); the host's index puts the image tokens back in order.
//
// # Names
//
// Variables have the key names of the hub with slashes for dots, from the root of the store:
// /visual/blocks/0/attn/qkv/weight, /model/layers/0/self_attn/q_proj/weight. [Config.Load] accepts the newer names too
// (model.visual.*, model.language_model.*), leaves lm_head.weight out (an embedding has no use for it), and refuses a
// file with a missing, surplus or misshapen tensor. All computation is in float32.
//
// Not covered: videos, sliding windows, dropout, generation.
package qwen2vl
