// Package transformer holds the parts that the backbones share, in GoMLX: linear layers of which single heads can be
// taken, attention with rotary positions, the decoder of Llama's family, and the options of a forward pass.
//
// # Two forms
//
// On the pure Go backend a transposition costs as much as a matrix product, and only products use SIMD. So heads are kept
// apart there, and work on several cores at once: each head's queries, keys and values are cut out of what a linear layer
// gives, nothing but the keys of short rows is transposed in the forward pass, and kernels.go has gradients to match,
// which go through the head's slice of the weights. On other backends, and under [Options].Checkpoint, heads are a batch
// axis and the gradients are GoMLX's. The tests of the backbones compare the two, and each with transformers.
//
// Variables have the key names of the hub with slashes for dots, from the root of the store. All computation is in
// float32.
package transformer
