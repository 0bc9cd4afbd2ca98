package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"image"
	"os"
	"strings"

	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
	"urbangraph/uglib/vision"
)

// Item is one input: a text, an image, or both, and where the model takes one,
// a graph.
type Item struct {
	ID    string
	Text  string
	Image string          // path of a JPEG, PNG or WebP file; or, beside Data, its name
	Data  []byte          // the image file's bytes, instead of reading Image
	Graph *graphenc.Graph // of the image's surroundings

	// Broken says why there is no such item, where its source could not tell
	// what it is. It is reported as any item that cannot be used.
	Broken error
}

// Kind says what an item is made of: "text", "image", or "image+text".
func (it *Item) Kind() string {
	switch {
	case !it.hasImage():
		return "text"
	case strings.TrimSpace(it.Text) == "":
		return "image"
	}
	return "image+text"
}

// Source is the item's image file, or its text where it has none.
func (it *Item) Source() string {
	if it.hasImage() {
		return it.Image
	}
	return it.Text
}

func (it *Item) hasImage() bool { return it.Image != "" || it.Data != nil }

// Sum is the hash of what is embedded: the image file's bytes, the text as the
// model is asked, and the graph. Items of one sum have one vector.
type Sum [sha256.Size]byte

// String is the sum in hexadecimal.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// request is an item with its image's bytes and the text that the model gets.
type request struct {
	text  string
	image []byte
	name  string // of the image, for errors
	graph *graphenc.Graph
}

// read gets an item's bytes and writes its prompt.
func (it *Item) read(ask Instruction) (request, Sum, error) {
	r := request{name: it.Image, image: it.Data, graph: it.Graph}
	if it.Broken != nil {
		return r, Sum{}, it.Broken
	}
	if strings.Contains(it.Text, ugdata.ImageTag) || strings.Contains(it.Text, ugdata.GraphTag) {
		return r, Sum{}, fmt.Errorf("the text holds a tag %s or %s, which stands for an image or a graph: give the image by itself", ugdata.ImageTag, ugdata.GraphTag)
	}
	if !it.hasImage() && strings.TrimSpace(it.Text) == "" {
		return r, Sum{}, errors.New("it has neither a text nor an image")
	}
	r.text = ask.write(it)
	if r.image == nil && it.Image != "" {
		var err error
		if r.image, err = os.ReadFile(it.Image); err != nil {
			return r, Sum{}, err
		}
	}
	sum, err := r.sum()
	return r, sum, err
}

func (r *request) sum() (s Sum, err error) {
	h := sha256.New()
	part(h, []byte(r.text))
	if r.image != nil {
		part(h, r.image)
	}
	if r.graph != nil {
		graph, err := json.Marshal(r.graph)
		if err != nil {
			return s, fmt.Errorf("graph: %w", err)
		}
		part(h, []byte("graph"))
		part(h, graph)
	}
	h.Sum(s[:0])
	return s, nil
}

// part hashes bytes with their number, so that parts do not run into each other.
func part(h hash.Hash, data []byte) {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(data)))
	h.Write(n[:])
	h.Write(data)
}

// row decodes and prepares what was read.
func (r *request) row(m *uge.Model) (uge.Row, error) {
	in, err := r.input(m)
	if err != nil {
		return uge.Row{}, err
	}
	return m.Row(in)
}

func (r *request) input(m *uge.Model) (uge.Input, error) {
	in := uge.Input{Text: r.text, Graph: r.graph}
	if r.image != nil {
		img, err := r.decode()
		if err != nil {
			return in, err
		}
		picture, err := m.Processor.Prepare(img)
		if err != nil {
			return in, err
		}
		in.Images = []vision.Picture{picture}
	}
	return in, nil
}

func (r *request) decode() (image.Image, error) {
	img, err := streetview.Decode(r.image)
	if err != nil {
		return nil, fmt.Errorf("the image cannot be decoded: %w", err)
	}
	return img, nil
}
