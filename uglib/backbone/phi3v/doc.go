// Package phi3v is Phi-3-Vision (Abdin et al. 2024, arXiv 2404.14219) in GoMLX: config.json and safetensors in, hidden
// states out. The numbers are those of the code that Microsoft ships with the model, layer by layer.
//
//	cfg, err := phi3v.LoadConfig(folder)
//	err = cfg.Load(store, folder)
//	batch, err := cfg.Layout(rows, clip.Sizes{})
//	exec, err := model.NewExec(backend, store, func(s *model.Scope, nodes []*graph.Node) *graph.Node {
//		return cfg.LastHidden(s, clip.NewInputs(nodes), transformer.Options{})
//	})
//	out, err := exec.Call1(batch.Tensors()...)         // [B, H]
//
// A picture comes as tiles ([vision.Phi3V]): the whole of it, and parts. Blocks of 2 by 2 patches of the CLIP tower become
// one feature; those of the parts are put together row by row, with a learnt separator after each row and another between
// the parts and the whole ([Config.Order]).
//
// Deviations from the reference:
//
//   - image tokens are all [Config].ImageTokenID (its <|image|>), where the reference's processor writes -1, -2, ...;
//   - positions beyond 4096 make the long frequencies hold for the row they are in; in the reference they do for every
//     row of a batch.
//
// Variables have the key names of the hub with slashes for dots. [Config.Load] leaves the output layer out and refuses a
// file with a missing, surplus or misshapen tensor. Not covered: positions of the yarn type, sliding windows shorter than
// the row, dropout, projections of one layer.
package phi3v
