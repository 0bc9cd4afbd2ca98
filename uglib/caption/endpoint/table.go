package endpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"urbangraph/uglib/geo/geoparquet"

	"github.com/google/renameio/v2"
	"github.com/parquet-go/parquet-go"
)

// tableFile is the table of an artefact.
const tableFile = "captions.parquet"

// Caption is what the endpoint made of one view.
type Caption struct {
	View             int64  `parquet:"view" json:"view"`                           // id of the view
	Text             string `parquet:"caption" json:"caption"`                     // what the image shows; empty unless the status is OK
	Summary          string `parquet:"summary" json:"summary"`                     // the same tied to the map around; empty unless the status is OK
	Status           Status `parquet:"status,dict" json:"status"`                  //
	Error            string `parquet:"error" json:"error,omitempty"`               // the reason where the status is not OK
	Answer           string `parquet:"answer" json:"answer,omitempty"`             // what the model wrote, where that is no caption with a summary
	PromptTokens     int    `parquet:"prompt_tokens" json:"prompt_tokens"`         // as the endpoint counts; 0 where it does not say
	CompletionTokens int    `parquet:"completion_tokens" json:"completion_tokens"` // likewise
}

// Captions are those of one set of views.
type Captions struct {
	list []Caption // in the order of their view ids
	dir  string    // absolute, that they were read from; empty if they were not
}

// All returns the captions in the order of their view ids. The slice must not
// be changed.
func (c *Captions) All() []Caption { return c.list }

// Of returns the caption of a view; false if there is none. The nil Captions
// have none.
func (c *Captions) Of(view int64) (Caption, bool) {
	if c == nil {
		return Caption{}, false
	}
	i, ok := slices.BinarySearchFunc(c.list, view, byView)
	if !ok {
		return Caption{}, false
	}
	return c.list[i], true
}

func byView(c Caption, view int64) int {
	switch {
	case c.View < view:
		return -1
	case c.View > view:
		return 1
	}
	return 0
}

// Failed returns those without a caption.
func (c *Captions) Failed() []Caption {
	var failed []Caption
	for _, x := range c.list {
		if x.Status != OK {
			failed = append(failed, x)
		}
	}
	return failed
}

// newCaptions sorts captions by view; each view may come once.
func newCaptions(list []Caption) (*Captions, error) {
	slices.SortStableFunc(list, func(a, b Caption) int { return byView(a, b.View) })
	for i := range list {
		if i > 0 && list[i].View == list[i-1].View {
			return nil, fmt.Errorf("the view %d has two captions", list[i].View)
		}
		if s := list[i].Status; s != OK && !slices.Contains(Statuses, s) {
			return nil, fmt.Errorf("the view %d has the status %q, which is none", list[i].View, s)
		}
	}
	return &Captions{list: list}, nil
}

func writeCaptions(dir string, c *Captions) error {
	path := filepath.Join(dir, tableFile)
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(dir), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("endpoint: write %s: %w", path, err)
	}
	defer f.Cleanup()
	w := parquet.NewGenericWriter[Caption](f, parquet.Compression(&parquet.Zstd))
	_, err = w.Write(c.list)
	if err = errors.Join(err, w.Close()); err == nil {
		err = f.CloseAtomicallyReplace()
	}
	if err != nil {
		return fmt.Errorf("endpoint: write %s: %w", path, err)
	}
	return nil
}

// ReadCaptions reads the table of captions in a folder.
func ReadCaptions(dir string) (*Captions, error) {
	path := filepath.Join(dir, tableFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("endpoint: %s is missing; is %s the folder of captions?", path, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	c, err := decodeCaptions(data)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %s: %w; remove the artefact (ug rm) and open it again, answers come from the cache", path, err)
	}
	if c.dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	return c, nil
}

// KeptAs returns the reference by which [Captions.Reopen] finds the captions
// again, in another cell of a notebook: the folder that they were read from.
func (c *Captions) KeptAs() (reference []byte, err error) {
	if c.dir == "" {
		return nil, errors.New("endpoint: the captions were not read from a folder; open them with Open")
	}
	return []byte(c.dir), nil
}

// Reopen reads the captions of a reference.
func (c *Captions) Reopen(reference []byte) error {
	again, err := ReadCaptions(string(reference))
	if err != nil {
		return err
	}
	*c = *again
	return nil
}

// decodeCaptions reads a Parquet file of captions.
func decodeCaptions(data []byte) (*Captions, error) {
	list, err := geoparquet.ReadRows[Caption](data)
	if err != nil {
		return nil, err
	}
	return newCaptions(list)
}
