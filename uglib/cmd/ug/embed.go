package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/train"
	"urbangraph/uglib/ugbench"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
	"urbangraph/uglib/vision"
)

// embedFlags say what is embedded, by which model.
type embedFlags struct {
	model         string
	images, texts []string
	file          string // of texts, one a line
	out           string
	force         bool
}

// newEmbed is "ug embed".
func newEmbed(a *app) *cobra.Command {
	var flags embedFlags
	cmd := &cobra.Command{
		Use:   "embed [IMAGE...] --out FILE",
		Short: "Embed street views and texts with a trained model",
		Long: `Turn images and texts into unit vectors of one space, in which the dot product says how well
they fit. Images are asked about as in the benchmark ("` + ugbench.AskWhere + `").

The file's extension names its format: .parquet and .jsonl have a row for each input with id,
kind (image or text), source (the file or the text) and vector; .safetensors has one tensor
"vectors" [inputs, width] with kinds and sources as JSON in its metadata.

The model is a run by its key (see "ug ls"), or the folder of a run or of a model; without
--model it is the default run of stage 2.`,
		Example: `  ug embed --image here.jpg --text "A residential street beside a school" --out vectors.parquet
  ug embed photos/*.jpg --texts captions.txt --model run/3f2a --out vectors.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.images = append(flags.images, args...)
			if err := flags.check(); err != nil {
				return err
			}
			inputs, err := flags.inputs()
			if err != nil {
				return err
			}
			if err := a.computes(); err != nil {
				return err
			}
			model, name, err := flags.load(cmd.Context())
			if err != nil {
				return err
			}
			if err := embed(cmd.Context(), model, inputs); err != nil {
				return err
			}
			if err := writeVectors(flags.out, name, inputs); err != nil {
				return err
			}
			r := &embedResult{Model: name, Width: model.Backbone.HiddenSize(), Out: flags.out}
			for _, in := range inputs {
				if in.Kind == kindImage {
					r.Images++
				} else {
					r.Texts++
				}
			}
			return a.print(r, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "wrote %d vectors of width %d (%d images, %d texts) by %s to %s\n", r.Images+r.Texts, r.Width, r.Images, r.Texts, r.Model, r.Out)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.model, "model", "", "run by its `KEY`, or folder of a run or model")
	f.StringArrayVar(&flags.images, "image", nil, "image `FILE`, JPEG, PNG or WebP (may be repeated)")
	f.StringArrayVar(&flags.texts, "text", nil, "text `T` (may be repeated)")
	f.StringVar(&flags.file, "texts", "", "`FILE` of texts, one a line; - is standard input")
	f.StringVar(&flags.out, "out", "", "`FILE` to write: .parquet, .jsonl or .safetensors")
	f.BoolVar(&flags.force, "force", false, "write over --out")
	return cmd
}

// embedResult is what "ug embed" says.
type embedResult struct {
	Model  string `json:"model"`
	Images int    `json:"images"`
	Texts  int    `json:"texts"`
	Width  int    `json:"width"`
	Out    string `json:"out"`
}

const (
	kindImage = "image"
	kindText  = "text"
)

// embedded is an input with its vector.
type embedded struct {
	ID     int64     `parquet:"id" json:"id"` // counted from 0, images first
	Kind   string    `parquet:"kind,dict" json:"kind"`
	Source string    `parquet:"source" json:"source"` // image file, or text
	Vector []float32 `parquet:"vector,list" json:"vector"`
}

// check looks at the command line.
func (f *embedFlags) check() error {
	if f.out == "" {
		return usagef("where to? Give --out FILE.parquet, .jsonl or .safetensors")
	}
	if _, ok := vectorWriters[strings.ToLower(filepath.Ext(f.out))]; !ok {
		return usagef("--out %s has no extension that names a format; try .parquet, .jsonl or .safetensors", f.out)
	}
	if len(f.images)+len(f.texts) == 0 && f.file == "" {
		return usagef("nothing to embed; give images, --text or --texts")
	}
	if !f.force {
		return unwritten(filepath.Dir(f.out), filepath.Base(f.out))
	}
	return nil
}

// inputs lists what is to be embedded.
func (f *embedFlags) inputs() ([]embedded, error) {
	var list []embedded
	add := func(kind, source string) {
		list = append(list, embedded{ID: int64(len(list)), Kind: kind, Source: source})
	}
	for _, path := range f.images {
		add(kindImage, path)
	}
	texts := f.texts
	if f.file != "" {
		lines, err := readLines(f.file)
		if err != nil {
			return nil, err
		}
		texts = append(texts[:len(texts):len(texts)], lines...)
	}
	for _, t := range texts {
		switch {
		case strings.TrimSpace(t) == "":
			return nil, usagef("text %d is empty", len(list)-len(f.images)+1)
		case strings.Contains(t, ugdata.ImageTag) || strings.Contains(t, ugdata.GraphTag):
			return nil, usagef("text %q has a tag %s or %s, which stands for an image or graph; give images by --image", t, ugdata.ImageTag, ugdata.GraphTag)
		}
		add(kindText, t)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no texts", f.file)
	}
	return list, nil
}

// readLines returns the lines of a file that are not blank.
func readLines(path string) ([]string, error) {
	in := os.Stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("texts: %w", err)
		}
		defer file.Close()
		in = file
	}
	var lines []string
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("texts %s, line %d: %w", path, len(lines)+1, err)
	}
	return lines, nil
}

// load reads the model that the flags name, and says which it is.
func (f *embedFlags) load(ctx context.Context) (*uge.Model, string, error) {
	if f.model != "" {
		info, err := os.Stat(f.model)
		switch {
		case err == nil && info.IsDir():
			m, err := loadFolder(f.model)
			return m, f.model, err
		case err == nil:
			return nil, "", fmt.Errorf("model %s is a file; name the folder that holds it", f.model)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, "", fmt.Errorf("model %s: %w", f.model, err)
		}
	}
	s, err := store.From(ctx)
	if err != nil {
		return nil, "", err
	}
	art, err := f.find(s)
	if err != nil {
		return nil, "", err
	}
	m, err := (&train.Run{Dir: art.Dir}).Model()
	return m, art.Ref().String(), err
}

// find returns the run that the flags name.
func (f *embedFlags) find(s *store.Store) (*store.Artefact, error) {
	if f.model == "" {
		data, err := ugdata.Default()
		if err != nil {
			return nil, err
		}
		art, err := s.Lookup(train.Stage2(data))
		if errors.Is(err, store.ErrAbsent) {
			return nil, errors.New(`the default model is not trained yet; train it with "ug train", or name another by --model ("ug ls" lists runs)`)
		}
		return art, err
	}
	art, err := s.Find(f.model)
	if errors.Is(err, store.ErrAbsent) {
		return nil, fmt.Errorf("model %s is neither a folder nor a run: %w", f.model, err)
	}
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", f.model, err)
	}
	if kind := art.Manifest.Kind; kind != (train.Spec{}).Kind() {
		return nil, fmt.Errorf(`model %s is no training run but of kind %q; "ug ls" lists runs`, f.model, kind)
	}
	return art, nil
}

// loadFolder reads the model of a folder: a model's own, or a run's.
func loadFolder(dir string) (*uge.Model, error) {
	if _, err := os.Stat(filepath.Join(dir, transformer.ConfigName)); err == nil {
		return uge.Load(dir)
	}
	m, err := (&train.Run{Dir: dir}).Model()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("folder %s holds neither a model (%s) nor a training run: %w", dir, transformer.ConfigName, err)
	}
	return m, err
}

// embed fills in the vectors.
func embed(ctx context.Context, model *uge.Model, inputs []embedded) error {
	be, err := backend.Default()
	if err != nil {
		return err
	}
	encoder := uge.NewEncoder(model, be)
	defer encoder.Close()
	vectors, err := encoder.Encode(ctx, "embed", len(inputs), func(i int) (uge.Input, error) {
		in := inputs[i]
		if in.Kind == kindText {
			return uge.Input{Text: in.Source}, nil
		}
		img, err := streetview.DecodeFile(in.Source)
		if err != nil {
			return uge.Input{}, err
		}
		picture, err := model.Processor.Prepare(img)
		if err != nil {
			return uge.Input{}, fmt.Errorf("image %s: %w", in.Source, err)
		}
		return uge.Input{Text: ugdata.Query(1, ugbench.AskWhere), Images: []vision.Picture{picture}}, nil
	})
	if err != nil {
		return err
	}
	for i := range inputs {
		inputs[i].Vector = vectors[i]
	}
	return nil
}
