// Package exif reads and writes the few facts that a geotagged image carries
// about itself: position, heading, time, orientation, description and software.
//
// The reader takes JPEG (APP1), PNG (eXIf) and WebP (EXIF) files, both byte
// orders of TIFF, and never reads more of a file than the blocks before its
// pixels. The writer makes a big-endian block and puts it into a JPEG file.
// Tags and types follow Exif 2.32 (CIPA DC-008) and TIFF 6.0.
package exif
