package exif

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxBlock bounds what is read of a PNG or WebP block; JPEG segments hold at
// most 64 KiB.
const maxBlock = 1 << 20

var (
	exifHeader = []byte("Exif\x00\x00")
	xmpHeader  = []byte("http://ns.adobe.com/xap/1.0/\x00")
	xmpKeyword = []byte("XML:com.adobe.xmp\x00")
)

// blocks are the parts of a file that say something about it.
type blocks struct {
	exif, xmp []byte // nil if absent
}

// Read reads the EXIF block of a JPEG, PNG or WebP file, and of its XMP block
// the heading where EXIF has none. The error is [ErrNone] (by errors.Is) where
// the file holds neither.
func Read(r io.Reader) (Meta, error) {
	br := bufio.NewReader(r)
	head, err := br.Peek(12)
	if err != nil {
		return Meta{}, fmt.Errorf("file of %d bytes is no image", len(head))
	}
	var b blocks
	switch {
	case head[0] == 0xFF && head[1] == 0xD8:
		err = b.fromJPEG(br)
	case string(head[:8]) == "\x89PNG\r\n\x1a\n":
		err = b.fromPNG(br)
	case string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		err = b.fromWebP(br)
	default:
		return Meta{}, fmt.Errorf("file begins with % x: neither JPEG, PNG nor WebP", head[:4])
	}
	switch {
	case b.exif != nil: // what is wrong behind it takes nothing from it
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return Meta{}, errors.New("file ends before its pixels begin: it is truncated")
	case err != nil:
		return Meta{}, err
	}
	heading, pano := panoHeading(b.xmp)
	var m Meta
	switch {
	case b.exif != nil:
		if m, err = Parse(bytes.TrimPrefix(b.exif, exifHeader)); err != nil {
			return Meta{}, err
		}
	case !pano:
		return Meta{}, ErrNone
	}
	if pano && !m.HasHeading {
		m.Heading, m.HasHeading, m.Pano = heading, true, true
	}
	return m, nil
}

// fromJPEG walks the segments up to the start of scan.
func (b *blocks) fromJPEG(br *bufio.Reader) error {
	if _, err := br.Discard(2); err != nil {
		return err
	}
	for {
		mark, err := br.ReadByte()
		if err != nil {
			return err
		}
		if mark != 0xFF {
			return fmt.Errorf("JPEG segment begins with byte %#02x, not with a marker", mark)
		}
		for mark == 0xFF { // fill bytes
			if mark, err = br.ReadByte(); err != nil {
				return err
			}
		}
		switch {
		case mark == 0xDA || mark == 0xD9: // start of scan, end of image
			return nil
		case mark == 0x01 || mark >= 0xD0 && mark <= 0xD7: // no length follows
			continue
		}
		var size [2]byte
		if _, err := io.ReadFull(br, size[:]); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint16(size[:])) - 2
		if n < 0 {
			return fmt.Errorf("JPEG segment %#02x has length %d, less than 2", mark, n+2)
		}
		if mark != 0xE1 {
			if _, err := br.Discard(n); err != nil {
				return err
			}
			continue
		}
		block := make([]byte, n)
		if _, err := io.ReadFull(br, block); err != nil {
			return err
		}
		switch {
		case b.exif == nil && bytes.HasPrefix(block, exifHeader):
			b.exif = block
		case b.xmp == nil && bytes.HasPrefix(block, xmpHeader):
			b.xmp = block[len(xmpHeader):]
		}
	}
}

// fromPNG walks all chunks: eXIf and iTXt may stand behind the pixels.
func (b *blocks) fromPNG(br *bufio.Reader) error {
	if _, err := br.Discard(8); err != nil {
		return err
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(br, head[:]); err != nil {
			return err
		}
		n, kind := int64(binary.BigEndian.Uint32(head[:])), string(head[4:])
		if kind == "IEND" {
			return nil
		}
		text, err := chunk(br, kind == "eXIf" && b.exif == nil || kind == "iTXt" && b.xmp == nil && n <= maxBlock, n, 4)
		if err != nil {
			return err
		}
		if kind == "eXIf" && text != nil {
			b.exif = text
		} else if rest, ok := bytes.CutPrefix(text, xmpKeyword); ok {
			b.xmp = internationalText(rest)
		}
	}
}

// internationalText returns the text of an iTXt chunk behind its keyword.
func internationalText(b []byte) []byte {
	if len(b) < 2 {
		return nil
	}
	packed := b[0] == 1
	_, b, _ = bytes.Cut(b[2:], []byte{0}) // language
	_, b, ok := bytes.Cut(b, []byte{0})   // translated keyword
	if !ok || !packed {
		return b
	}
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(z, maxBlock))
	if err != nil {
		return nil
	}
	return text
}

// fromWebP walks the RIFF chunks: EXIF and XMP stand behind the pixels.
func (b *blocks) fromWebP(br *bufio.Reader) error {
	if _, err := br.Discard(12); err != nil {
		return err
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(br, head[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		n, kind := int64(binary.LittleEndian.Uint32(head[4:])), string(head[:4])
		text, err := chunk(br, kind == "EXIF" && b.exif == nil || kind == "XMP " && b.xmp == nil && n <= maxBlock, n, n%2)
		if err != nil {
			return err
		}
		switch kind {
		case "EXIF":
			if text != nil {
				b.exif = text
			}
		case "XMP ":
			if text != nil {
				b.xmp = text
			}
		}
	}
}

// chunk reads a chunk of n bytes if it is wanted, and skips it otherwise, with
// the bytes behind it. The chunk is nil if it was not wanted.
func chunk(br *bufio.Reader, wanted bool, n, behind int64) ([]byte, error) {
	var block []byte
	skip := n + behind
	if wanted {
		if n > maxBlock {
			return nil, fmt.Errorf("EXIF block of %d bytes is larger than %d", n, maxBlock)
		}
		block = make([]byte, n)
		if _, err := io.ReadFull(br, block); err != nil {
			return nil, err
		}
		skip = behind
	}
	copied, err := io.CopyN(io.Discard, br, skip)
	if copied < skip && errors.Is(err, io.EOF) && block == nil {
		return nil, io.ErrUnexpectedEOF
	}
	if block != nil {
		return block, nil
	}
	return nil, err
}
