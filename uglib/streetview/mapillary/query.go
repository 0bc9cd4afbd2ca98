package mapillary

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/streetview/internal/fetch"
)

// Names of environment variables.
const (
	TokenVariable = "MAPILLARY_TOKEN" // the access token; with _FILE appended, a file that holds it
	URLVariable   = "MAPILLARY_URL"   // another address of the API
)

// Licence is that of every photograph on Mapillary.
const Licence = "CC BY-SA 4.0"

type (
	// Photo is a photograph with its metadata.
	Photo = fetch.Photo
	// ID is the exact number of an image.
	ID = fetch.ID
	// Point is a GeoJSON point.
	Point = fetch.Point
	// Limits say which photographs to take.
	Limits = fetch.Limits
	// Panoramas says what to do about panoramas.
	Panoramas = fetch.Panoramas
	// Options say how the client treats the service.
	Options = fetch.Options
	// Result is what was collected.
	Result = fetch.Result
	// Secret is an access token that does not print.
	Secret = fetch.Secret
)

// What to do about panoramas.
const (
	SkipPanoramas = fetch.SkipPanoramas // the default
	WithPanoramas = fetch.WithPanoramas
	OnlyPanoramas = fetch.OnlyPanoramas
)

// Names of what a collection leaves in its folder.
const (
	PhotosFile = fetch.PhotosFile
	ResultFile = fetch.ResultFile
	ImageDir   = fetch.ImageDir
)

// DefaultCellLevel is the level of the S2 cells that photographs are spread over.
const DefaultCellLevel = fetch.DefaultCellLevel

// DefaultSize is the default width of the image files in pixels.
const DefaultSize = 2048

// Query says which photographs to fetch. It is part of specs. Its zero value
// asks for all flat pictures of the city, 2048 pixels wide.
type Query struct {
	Limits
	Organization ID       `json:",omitzero"`  // that contributed them
	Sequences    []string `json:",omitempty"` // that they belong to
	Size         int      `json:",omitempty"` // width of the image files: 256, 1024, 2048 (0), or -1 for the original
}

var sequencePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Check returns an error for a query that cannot be made.
func (q Query) Check() error {
	if _, ok := sizes[q.Size]; !ok {
		return fmt.Errorf("no images of Mapillary are %d pixels wide; give 256, 1024, 2048, or -1 for the original", q.Size)
	}
	for _, s := range q.Sequences {
		if !sequencePattern.MatchString(s) {
			return fmt.Errorf("%.80q is no id of a sequence on Mapillary; give the letters and digits from its address", s)
		}
	}
	return q.Limits.Check()
}

// sizes are the fields of the API that hold the addresses of image files.
var sizes = map[int]string{
	0: "thumb_2048_url", 256: "thumb_256_url", 1024: "thumb_1024_url", 2048: "thumb_2048_url", -1: "thumb_original_url",
}

// NewSecret wraps an access token.
func NewSecret(token string) Secret { return fetch.NewSecret(token) }

// FindToken returns the access token in a file, or that of the environment if
// file is "".
func FindToken(file string) (Secret, error) { return fetch.FindSecret(file, TokenVariable) }

type contextKey struct{}

// With returns a context in which Mapillary is asked as o says.
func With(ctx context.Context, o Options) context.Context {
	return context.WithValue(ctx, contextKey{}, o)
}

// options returns those of the context, completed by the environment and the
// defaults.
func options(ctx context.Context) (Options, error) {
	o, _ := ctx.Value(contextKey{}).(Options)
	if o.Rate > 0 && o.Burst == 0 {
		o.Burst = 1
	}
	o = o.Or(Options{
		BaseURL: cmp.Or(os.Getenv(URLVariable), "https://graph.mapillary.com"), Rate: 10, Burst: 10, Parallel: 4, ImageRate: 20, ImageParallel: 8,
	})
	if o.Token.IsZero() {
		token, err := FindToken("")
		if err != nil {
			return o, err
		}
		o.Token = token
	}
	if o.Token.IsZero() {
		return o, fmt.Errorf("no access token for Mapillary: register an application on www.mapillary.com/dashboard/developers and set %s to its client token, or %s_FILE to a file that holds it", TokenVariable, TokenVariable)
	}
	return o, nil
}

func authorize(h http.Header, token string) { h.Set("Authorization", "OAuth "+token) }

// sideFor returns the side of the boxes to begin with, in degrees: about a
// kilometre, a hundredth of the area that the API allows, for a city, and up to
// 8 times as much for a country, most of which has no photographs.
func sideFor(area orb.Bound) float64 {
	side := 0.01
	for side < 0.08 && (area.Max[0]-area.Min[0])*(area.Max[1]-area.Min[1]) > 4000*side*side {
		side *= 2
	}
	return side
}

// Collect fetches the photographs of an area, for the city of that key, into a
// folder: [PhotosFile], [ResultFile] and [ImageDir]. It names the files that are to outlive
// an interruption to keep; the next run goes on with them. The context says
// how to ask, see [With].
func Collect(ctx context.Context, q Query, area orb.Bound, city, dir string, keep func(name string)) (*Result, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	o, err := options(ctx)
	if err != nil {
		return nil, err
	}
	client, err := fetch.NewClient(o, authorize)
	if err != nil {
		return nil, err
	}
	return fetch.Collect(ctx, fetch.Job{
		Service: "Mapillary", Source: newAPI(client, q), Client: client,
		Area: area, Side: sideFor(area), Limits: q.Limits, City: city, Query: q,
	}, dir, keep)
}

// stamp is the form of times in queries.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
