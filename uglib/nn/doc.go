// Package nn holds the GoMLX layers and training parts that GoMLX lacks:
// linear layers in PyTorch's weight layout with a LoRA hook, Hugging Face's
// norms, GATv2, InfoNCE, AdamW with parameter groups and global-norm clipping,
// the cosine schedule, and safetensors files of model variables.
//
// # Names
//
// A variable's path in the [model.Store] is its Hugging Face key with slashes
// for dots: the variable "weight" of the scope /model/layers/0/mlp/up_proj is
// the tensor model.layers.0.mlp.up_proj.weight. [Key] and [Path] are the one
// place that maps them, so a layer that enters scopes by the names of the
// Hugging Face modules needs no table of names to load a checkpoint.
//
// # Scopes are re-entrant
//
// Every layer here enters its sub-scopes with Scope.At, never with Scope.In,
// and creates variables that it then finds again. So the same tower may be
// applied any number of times in one graph, to the queries and then to the
// positives: the variables exist once and the gradient is the sum over the
// uses. Code that calls these layers gets the same by entering its own scopes
// with At:
//
//	layer := scope.At("layers").At("%d", i)
//	y := nn.Linear(layer.At("mlp").At("up_proj"), x, width, false, nil)
//
// (Scope.In panics on the second entry, and Scope.Shared needs a
// ResetVisited in between.) The price is that two different layers entered
// under one name share their weights without a complaint if the shapes agree.
//
// # Training
//
// Dropout is active only if the graph was marked by Store.SetTraining(g,
// true), which a training step does first. Graph-building functions panic on
// wrong shapes, as GoMLX's do; [model.Exec] turns that into an error.
package nn
