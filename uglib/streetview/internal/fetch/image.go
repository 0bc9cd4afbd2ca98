package fetch

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/jpeg" // formats of image files
	_ "image/png"
	"mime"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
	_ "golang.org/x/image/webp"
)

const (
	mostBytes  = 128 << 20 // of an image file
	mostPixels = 400e6     // of a picture; bounds the memory that a file may ask for
	leastSize  = 32        // pixels of its shorter side; smaller ones stand in for missing pictures
)

var suffix = map[string]string{"jpeg": ".jpg", "png": ".png", "webp": ".webp"}

// file is an image file that was fetched.
type file struct {
	ID     int64  `json:"id"`
	Name   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Photo  *Photo `json:"photo,omitempty"` // what the service said of it meanwhile
}

// checkImage decodes an image file to its last row. It returns the name of its
// format and its size.
func checkImage(a Answer) (format string, size image.Point, err error) {
	kind, _, _ := mime.ParseMediaType(cmp.Or(a.Header.Get("Content-Type"), "application/octet-stream"))
	if !strings.HasPrefix(kind, "image/") && kind != "application/octet-stream" && kind != "binary/octet-stream" {
		return "", size, fmt.Errorf("the answer is of type %q, no image", kind)
	}
	cfg, format, err := image.DecodeConfig(bytes.NewReader(a.Body))
	switch {
	case err != nil:
		return "", size, fmt.Errorf("%d bytes of type %q that cannot be decoded: %w", len(a.Body), kind, err)
	case suffix[format] == "":
		return "", size, fmt.Errorf("an image of the format %q, which is not read here", format)
	case float64(cfg.Width)*float64(cfg.Height) > mostPixels:
		return "", size, fmt.Errorf("an image of %d by %d pixels, more than %.0f million", cfg.Width, cfg.Height, mostPixels/1e6)
	case min(cfg.Width, cfg.Height) < leastSize:
		return "", size, fmt.Errorf("an image of %d by %d pixels, too small for a photograph", cfg.Width, cfg.Height)
	}
	if _, _, err := image.Decode(bytes.NewReader(a.Body)); err != nil {
		return "", size, fmt.Errorf("a damaged or truncated image of %d bytes: %w", len(a.Body), err)
	}
	return format, image.Pt(cfg.Width, cfg.Height), nil
}

// download fetches the image file of a photograph into a folder.
func (c *Client) download(ctx context.Context, p *Photo, dir string) (*file, error) {
	var got *file
	var data []byte
	err := c.Do(ctx, Request{Path: p.ImageURL, Image: true, Most: mostBytes}, func(a Answer) error {
		if f := StatusFault(a); f != nil {
			if f.Kind == Refused { // a signature that has run out
				f.Kind = Gone
			}
			return f
		}
		format, size, err := checkImage(a)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(a.Body)
		data = a.Body
		got = &file{
			ID: p.ID(), Name: strconv.FormatInt(p.ID(), 10) + suffix[format], Bytes: int64(len(a.Body)),
			SHA256: hex.EncodeToString(sum[:]), Width: size.X, Height: size.Y,
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return got, renameio.WriteFile(filepath.Join(dir, got.Name), data, 0o644, renameio.WithTempDir(dir))
}
