// Package imagehash tells pictures of the same thing by 64 bits: two pictures
// that differ in size, compression or a little in brightness have hashes that
// differ in few bits.
//
// The hash is the perceptual one (pHash) as the Python package imagehash 4.3
// computes it by phash: grey by the luma of ITU-R 601, 32 by 32 pixels by
// Pillow's Lanczos filter, a cosine transform, and of the 8 by 8 lowest
// frequencies a bit for each above the median. Of pictures without loss (PNG)
// the hash is the same to the bit. Two things make a bit of a JPEG picture
// differ now and then, as between any two decoders: decoders round differently,
// and its luma plane is taken as it is stored, not by way of red, green and
// blue.
package imagehash
