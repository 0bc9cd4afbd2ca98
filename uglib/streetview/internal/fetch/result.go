package fetch

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Missing is a photograph that was chosen but could not be had.
type Missing struct {
	ID     int64  `json:"id"`
	Reason string `json:"reason"`
}

// Result is what was collected.
type Result struct {
	Query    string         `json:"query"`             // fingerprint of what was asked for
	Photos   []Photo        `json:"-"`                 // with their files
	Taken    int            `json:"taken"`             // number of those
	Missing  []Missing      `json:"missing,omitempty"` // chosen, but not to be had
	Found    int            `json:"found"`             // photographs that the service told of
	Repeated int            `json:"repeated"`          // that came more than once, at the rims of boxes
	Left     map[string]int `json:"left,omitempty"`    // of those not admitted, by reason
	Thinned  int            `json:"thinned"`           // admitted, but not chosen
	Boxes    int            `json:"boxes"`             // answered by the service in the last run
	Splits   int            `json:"splits"`            // boxes that were split
	Failed   []BoxFailure   `json:"failed,omitempty"`  // boxes that could not be searched
	Full     []string       `json:"full,omitempty"`    // smallest boxes that hold more than the service tells
	Resumed  int            `json:"resumed"`           // files that earlier runs had fetched
	Requests int64          `json:"requests"`          // in the last run
	Retries  int64          `json:"retries"`           // of those, made again
	Waits    int64          `json:"waits"`             // for the rate limit
	Bytes    int64          `json:"bytes"`             // received in the last run
}

// finished returns what an earlier run collected to the end, or nil if there
// is none or it is not whole.
func finished(dir, query string) *Result {
	data, err := os.ReadFile(filepath.Join(dir, ResultFile))
	r := new(Result)
	if err != nil || json.Unmarshal(data, r) != nil || r.Query != query {
		return nil
	}
	f, err := os.Open(filepath.Join(dir, PhotosFile))
	if err != nil {
		return nil
	}
	defer f.Close()
	for in := json.NewDecoder(bufio.NewReader(f)); in.More(); {
		var p Photo
		if in.Decode(&p) != nil || p.File != filepath.Base(p.File) {
			return nil
		}
		if info, err := os.Stat(filepath.Join(dir, ImageDir, p.File)); err != nil || info.Size() != p.Bytes {
			return nil
		}
		r.Photos = append(r.Photos, p)
	}
	if len(r.Photos) == 0 || len(r.Photos) != r.Taken || removeLogs(dir) != nil {
		return nil
	}
	r.Resumed = len(r.Photos)
	return r
}

func writeResult(path string, r *Result) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, append(data, '\n'), 0o644, renameio.WithTempDir(filepath.Dir(path)))
}

// writePhotos writes a photograph a line.
func writePhotos(path string, photos []Photo) error {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range photos {
		if err := enc.Encode(&photos[i]); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}
