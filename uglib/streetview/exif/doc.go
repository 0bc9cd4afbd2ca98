// Package exif reads and writes the few facts that a geotagged image carries
// about itself: position, heading, time, orientation, description and software.
//
// The reader takes JPEG (APP1), PNG (eXIf) and WebP (EXIF) files and both byte
// orders of TIFF. Where EXIF has no heading, that of a panorama in XMP counts
// (GPano:PoseHeadingDegrees). Of a JPEG file only the blocks before its pixels
// are read. The writer makes a big-endian block and puts it into a JPEG file.
// Tags and types follow Exif 2.32 (CIPA DC-008), TIFF 6.0, and Google's Photo
// Sphere XMP metadata.
package exif
