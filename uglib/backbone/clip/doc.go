// Package clip holds what LLaVA-NeXT and Phi-3-Vision share: CLIP's vision tower (Radford et al. 2021, arXiv 2103.00020)
// in GoMLX, and the layout of rows whose pictures are tiles of one size.
//
// A tile gives as many features as the tower has patches, or as the backbone joins them to. How the features of a
// picture's tiles follow each other as image tokens, with separators between them and padding left out, is counted on
// the host ([Rules].Order): the graph computes all features, and one gather puts them where they belong.
package clip
