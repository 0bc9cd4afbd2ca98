// Package graphenc is the spatial graph encoder of UGE: it turns the street
// graph around an image into one token per node for the language model.
//
// A node is described by its text (the mean of the language model's input
// embeddings over the text's tokens), its place (sinusoidal features of the
// metres east and north of the image), its kind and whether it is the image
// itself; an edge by distance, bearing, displacement, type and direction of
// travel. Layers of [nn.GATv2] exchange messages along the edges, and an
// output network brings each node to the width of the language model.
//
// It follows TextAttributedGraphEncoderSpatial of the UGE reference, tensor
// names included, with these corrections of its documented defects; the
// Reference switch of [Config] takes them back for comparison:
//
//   - every row of a batch has its own graph (the reference gives all rows the
//     first one's);
//   - edges go both ways, with a flag for the way back (one way);
//   - places are metres around the image (absolute degrees in float32, whose
//     finest bands are noise and whose coarsest are constant), displacements
//     are in hundreds of metres and distances scaled (raw degrees; 0 to 9);
//   - the image's own node carries a learned marker, and nodes have a kind
//     (neither);
//   - the text passes node_head (which the reference has and never calls);
//   - the last layer has a residual too (none);
//   - tokens start at the norm of the language model's embeddings
//     (about sqrt(width), some 60 times as long).
package graphenc
