// Package vision turns pictures into the pixel tensors that the backbones read.
//
// [Processor] is the image processor of Qwen2-VL and Qwen2.5-VL: a picture is resized so that both sides are multiples of
// patch_size·merge_size and its area lies between min_pixels and max_pixels, normalised per channel, and cut into
// patches that stand in the order of the 2x2 blocks which the vision tower's merger joins. The numbers are those of
// Hugging Face transformers' Qwen2VLImageProcessor (the one that works on Pillow images) for the same decoded picture:
// the resize is bit-exact, the tensors agree to float32 rounding. It is configured by the same preprocessor_config.json.
//
// [LlavaNext], [Phi3V] and [Clip] are those of the backbones whose vision tower reads squares of one size; they make
// [Tiles]. Their pictures are the reference's byte for byte, and so are the tensors up to float32 rounding, but for
// Phi-3-Vision's first tile, which is scaled as a tensor: there values differ by 1e-6 at most.
//
// The resize ([Resize]) follows the description of Pillow's resampling: bicubic convolution with a = -0.5, widened by the
// scale when shrinking (antialias), in a horizontal and a vertical pass with 22-bit fixed-point weights, rounded and
// clamped to 8 bits between the passes. golang.org/x/image's CatmullRom differs from it by up to 14 of 255, enough to move
// the hidden states of a model.
//
// One source of difference remains outside this package: Go's JPEG decoder and libjpeg upsample chroma differently.
package vision
