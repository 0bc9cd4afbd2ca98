package exif

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxBlock bounds what is read of a PNG or WebP block; JPEG segments hold at
// most 64 KiB.
const maxBlock = 1 << 20

var exifHeader = []byte("Exif\x00\x00")

// Read reads the EXIF block of a JPEG, PNG or WebP file. The error is
// [ErrNone] (by errors.Is) where the file holds none.
func Read(r io.Reader) (Meta, error) {
	br := bufio.NewReader(r)
	head, err := br.Peek(12)
	if err != nil {
		return Meta{}, fmt.Errorf("file of %d bytes is no image", len(head))
	}
	var block []byte
	switch {
	case head[0] == 0xFF && head[1] == 0xD8:
		block, err = fromJPEG(br)
	case string(head[:8]) == "\x89PNG\r\n\x1a\n":
		block, err = fromPNG(br)
	case string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		block, err = fromWebP(br)
	default:
		return Meta{}, fmt.Errorf("file begins with % x: neither JPEG, PNG nor WebP", head[:4])
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Meta{}, errors.New("file ends before its pixels begin: it is truncated")
	}
	if err != nil {
		return Meta{}, err
	}
	return Parse(bytes.TrimPrefix(block, exifHeader))
}

// fromJPEG walks the segments up to the start of scan.
func fromJPEG(br *bufio.Reader) ([]byte, error) {
	if _, err := br.Discard(2); err != nil {
		return nil, err
	}
	for {
		mark, err := br.ReadByte()
		if err != nil {
			return nil, err
		}
		if mark != 0xFF {
			return nil, fmt.Errorf("JPEG segment begins with byte %#02x, not with a marker", mark)
		}
		for mark == 0xFF { // fill bytes
			if mark, err = br.ReadByte(); err != nil {
				return nil, err
			}
		}
		switch {
		case mark == 0xDA || mark == 0xD9: // start of scan, end of image
			return nil, ErrNone
		case mark == 0x01 || mark >= 0xD0 && mark <= 0xD7: // no length follows
			continue
		}
		var size [2]byte
		if _, err := io.ReadFull(br, size[:]); err != nil {
			return nil, err
		}
		n := int(binary.BigEndian.Uint16(size[:])) - 2
		if n < 0 {
			return nil, fmt.Errorf("JPEG segment %#02x has length %d, less than 2", mark, n+2)
		}
		if mark == 0xE1 {
			block := make([]byte, n)
			if _, err := io.ReadFull(br, block); err != nil {
				return nil, err
			}
			if bytes.HasPrefix(block, exifHeader) {
				return block, nil
			}
			continue // XMP lives in APP1 too
		}
		if _, err := br.Discard(n); err != nil {
			return nil, err
		}
	}
}

// fromPNG walks all chunks: eXIf may stand behind the pixels.
func fromPNG(br *bufio.Reader) ([]byte, error) {
	if _, err := br.Discard(8); err != nil {
		return nil, err
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(br, head[:]); err != nil {
			return nil, err
		}
		n, kind := binary.BigEndian.Uint32(head[:]), string(head[4:])
		if kind == "IEND" {
			return nil, ErrNone
		}
		if block, done, err := chunk(br, kind == "eXIf", int64(n), int64(n)+4); done || err != nil {
			return block, err
		}
	}
}

// fromWebP walks the RIFF chunks: EXIF stands behind the pixels.
func fromWebP(br *bufio.Reader) ([]byte, error) {
	if _, err := br.Discard(12); err != nil {
		return nil, err
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(br, head[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil, ErrNone
			}
			return nil, err
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		if block, done, err := chunk(br, string(head[:4]) == "EXIF", n, n+n%2); done || err != nil {
			return block, err
		}
	}
}

// chunk reads a chunk of n bytes if it is wanted, else skips it and the bytes
// behind it.
func chunk(br *bufio.Reader, wanted bool, n, skip int64) (block []byte, done bool, err error) {
	if wanted {
		if n > maxBlock {
			return nil, false, fmt.Errorf("EXIF block of %d bytes is larger than %d", n, maxBlock)
		}
		block = make([]byte, n)
		_, err = io.ReadFull(br, block)
		return block, true, err
	}
	copied, err := io.CopyN(io.Discard, br, skip)
	if copied < skip && errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, false, err
}
