// Package llavanext is LLaVA-NeXT (LLaVA-1.6, Liu et al. 2024) with a Mistral decoder in GoMLX: config.json and
// safetensors in, hidden states out. The numbers are those of Hugging Face transformers, layer by layer.
//
//	cfg, err := llavanext.LoadConfig(folder)
//	err = cfg.Load(store, folder)
//	batch, err := cfg.Layout(rows, clip.Sizes{})
//	exec, err := model.NewExec(backend, store, func(s *model.Scope, nodes []*graph.Node) *graph.Node {
//		return cfg.LastHidden(s, clip.NewInputs(nodes), transformer.Options{})
//	})
//	out, err := exec.Call1(batch.Tensors()...)         // [B, H]
//
// A picture comes as tiles of any resolution ([vision.LlavaNext]): the whole of it, and parts. The CLIP tower and the
// projector give features of every patch; those of the parts are put together row by row as in the picture, what only
// covers padding is left out, and a learnt separator ends each row (Config.Order).
//
// Variables have the key names of the hub with slashes for dots: /language_model/model/layers/0/self_attn/q_proj/weight.
// [Config.Load] accepts the newer names too (model.language_model.*, model.vision_tower.*, a vision tower without
// vision_model), leaves the output layer out, and refuses a file with a missing, surplus or misshapen tensor.
//
// Not covered: other decoders than Llama's and Mistral's, several feature layers, sliding windows shorter than the row.
package llavanext
