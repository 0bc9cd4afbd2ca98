package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/engine"
)

// embedFlags say what is embedded, by which model and to where.
type embedFlags struct {
	model modelFlags
	ask   askFlags
	items itemFlags
	batch int
	out   string
	force bool
}

// newEmbed is "ug embed".
func newEmbed(a *app) *cobra.Command {
	var flags embedFlags
	cmd := &cobra.Command{
		Use:   "embed [INPUT...] --out FILE",
		Short: "Embed street views and texts with a trained model",
		Long: `Turn images and texts into unit vectors of one space, in which the dot product says how well
they fit.

An INPUT is an image (JPEG, PNG, WebP), a folder of them, a pattern such as 'photos/*.jpg', a
table (.csv, .jsonl, .parquet) with the columns id, text and image, or - for such JSON lines on
standard input. An image in a table is a path relative to it, or a data URL; one that has a text
beside it becomes one vector with it. Without a column id an input's id is its number from 0.

The file's extension names its format: .parquet and .jsonl have a row for each input, in their
order, with id, kind (image, text or image+text), source (the file or the text), vector, model,
dim and the sha256 of what was embedded; .safetensors has one tensor "embeddings" [inputs, width]
and ids, kinds, sources and sha256 as JSON in its metadata. A --dtype that is not float32 is told
as model_dtype: in the metadata of .parquet and .safetensors, in a field of .jsonl.

Each distinct image or text is embedded once. Work that is interrupted, or killed, goes on where
it stopped when the same command is given again: finished vectors are kept in a .journal file
beside --out, until that is written. With another model, --dtype or prompt it starts anew. Inputs
that cannot be used are left out and listed in a .skipped.jsonl file; the exit status is then 3.

Images are asked about, and texts written, as a task's instruction says (--task); --prompt
replaces it: with {text} in it for texts, else for images that have no text. --instructions
reads other tasks from a file: {"name": {"image": "...", "text": "... {text}", "both": "... {text}"}}.

The model is a run by its key (see "ug ls"), or the folder of a run or of a model; without
--model it is the default run of stage 2.

` + typeHelp,
		Example: `  ug embed --image here.jpg --text "A residential street beside a school" --out vectors.parquet
  ug embed photos captions.csv --model run/3f2a --out vectors.safetensors
  cat items.jsonl | ug embed - --task retrieval-caption --out vectors.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.items.args = args
			return flags.run(cmd.Context(), a)
		},
	}
	flags.model.register(cmd)
	flags.ask.register(cmd)
	flags.items.register(cmd)
	f := cmd.Flags()
	f.IntVar(&flags.batch, "batch", 32, "most inputs that are computed together")
	f.StringVar(&flags.out, "out", "", "`FILE` to write: .parquet, .jsonl or .safetensors")
	f.BoolVar(&flags.force, "force", false, "write over --out")
	return cmd
}

// embedResult is what "ug embed" says.
type embedResult struct {
	Model       string           `json:"model"`
	Images      int              `json:"images"` // with a text or without
	Texts       int              `json:"texts"`
	Width       int              `json:"width"`
	DType       string           `json:"dtype"`
	Out         string           `json:"out"`
	Encoded     int              `json:"encoded"` // vectors computed
	Known       int              `json:"known"`   // distinct ones that an interrupted run left
	Same        int              `json:"same"`    // inputs of the same content as an earlier one
	Skipped     []engine.Problem `json:"skipped"`
	SkippedFile string           `json:"skipped_file,omitempty"`
	Batches     int              `json:"batches"`
	Graphs      int              `json:"graphs"` // compiled
	Filled      float64          `json:"filled"` // share of the computation that was no padding
	Seconds     float64          `json:"seconds"`
	Anew        string           `json:"anew,omitempty"` // why an interrupted run was not gone on with
}

// skippedError says that the result is there, without some inputs.
type skippedError struct{ error }

func (f *embedFlags) run(ctx context.Context, a *app) error {
	if err := f.check(); err != nil {
		return err
	}
	ask, err := f.ask.instruction()
	if err != nil {
		return err
	}
	device, err := f.model.device(a)
	if err != nil {
		return err
	}
	in, err := f.items.open()
	if err != nil {
		return err
	}
	m, e, err := f.model.engine(ctx, device, engine.Options{Instruction: ask, Batch: f.batch})
	if err != nil {
		return err
	}
	defer e.Close()
	about := engine.About{Model: m.name, Width: m.Backbone.HiddenSize(), DType: e.DType(), Instruction: ask}
	if about.Fingerprint, err = engine.Fingerprint(m.dir); err != nil {
		return err
	}
	journal, anew, err := engine.OpenJournal(f.beside(".journal"), about)
	if err != nil {
		return err
	}
	if anew != "" {
		if _, err := fmt.Fprintf(a.errOut, "ug: %s: starting anew\n", anew); err != nil {
			return errors.Join(err, journal.Close())
		}
	}
	r, err := f.embed(ctx, e, journal, in, about)
	if err != nil {
		if journal.Len() == 0 {
			return errors.Join(err, journal.Remove())
		}
		return errors.Join(err, journal.Close())
	}
	if err := journal.Remove(); err != nil {
		return err
	}
	r.Anew = anew
	return f.print(a, r)
}

// beside is the path of a file that goes with the result.
func (f *embedFlags) beside(extension string) string {
	return strings.TrimSuffix(f.out, filepath.Ext(f.out)) + extension
}

// check looks at the command line.
func (f *embedFlags) check() error {
	switch {
	case f.out == "":
		return usagef("where to? Give --out FILE.parquet, .jsonl or .safetensors")
	case !engine.CanWrite(f.out):
		return usagef("--out %s has no extension that names a format; try .parquet, .jsonl or .safetensors", f.out)
	}
	if err := f.items.check(); err != nil {
		return err
	}
	if !f.force {
		return unwritten(filepath.Dir(f.out), filepath.Base(f.out))
	}
	return nil
}

// embed embeds the inputs and writes the result.
func (f *embedFlags) embed(ctx context.Context, e *engine.Engine, journal *engine.Journal, in *inputs, about engine.About) (*embedResult, error) {
	r := &embedResult{Model: about.Model, Width: about.Width, DType: f.model.dtype, Out: f.out}
	rows := &engine.Rows{Model: about.Model, Width: about.Width, DType: about.DType, Vector: journal.Vector}
	summary, err := e.Run(ctx, in.items, engine.Sink{
		Total: in.total, Has: journal.Has, Vectors: journal.Add,
		Item: func(x engine.Result) error {
			rows.Add(x)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	rows.Sort()
	for _, x := range rows.Items {
		if x.Kind == "text" {
			r.Texts++
		} else {
			r.Images++
		}
	}
	r.Encoded, r.Known, r.Same, r.Skipped = summary.Encoded, summary.Known, summary.Same, append([]engine.Problem{}, summary.Skipped...)
	r.Batches, r.Graphs, r.Filled, r.Seconds = summary.Batches, summary.Graphs, summary.Filled, summary.Elapsed.Seconds()
	switch {
	case summary.Items == 0:
		return nil, fmt.Errorf("%s: there is nothing to embed in it", in.name)
	case len(rows.Items) == 0:
		return nil, fmt.Errorf("none of the %d inputs can be embedded; %s", summary.Items, describe(summary.Skipped[0]))
	}
	if err := engine.Write(f.out, rows); err != nil {
		return nil, err
	}
	skipped := f.beside(".skipped.jsonl")
	if len(summary.Skipped) == 0 {
		// One of an earlier run says nothing of this one.
		if err := os.Remove(skipped); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return r, nil
	}
	r.SkippedFile = skipped
	return r, replaceFile(skipped, func(w io.Writer) error { return writeLines(w, summary.Skipped) })
}

// describe writes why an input was left out.
func describe(p engine.Problem) string {
	id := p.ID
	if p.Source != "" && p.Source != p.ID {
		source := p.Source
		if cut := []rune(source); len(cut) > 80 {
			source = string(cut[:80]) + "..."
		}
		id += " (" + source + ")"
	}
	return "input " + id + ": " + p.Reason
}

// saidSkipped is how many inputs that were left out are named.
const saidSkipped = 10

func (f *embedFlags) print(a *app, r *embedResult) error {
	err := a.print(r, func(w io.Writer) error {
		model := r.Model
		if r.DType != modelTypes[0].name {
			model += " in " + r.DType
		}
		_, err := fmt.Fprintf(w, "wrote %d vectors of width %d (%d images, %d texts) by %s to %s\n", r.Images+r.Texts, r.Width, r.Images, r.Texts, model, r.Out)
		if err == nil && r.Known+r.Same > 0 {
			_, err = fmt.Fprintf(w, "%d were computed, %d kept from an interrupted run, %d are of the same content as others\n", r.Encoded, r.Known, r.Same)
		}
		return err
	})
	if err != nil || len(r.Skipped) == 0 {
		return err
	}
	for i, p := range r.Skipped {
		text := describe(p)
		if i == saidSkipped {
			text = fmt.Sprintf("and %d more; %s has them all", len(r.Skipped)-i, r.SkippedFile)
		}
		if _, err := fmt.Fprintln(a.errOut, "ug: skipped", text); err != nil {
			return err
		}
		if i == saidSkipped {
			break
		}
	}
	return skippedError{fmt.Errorf("%d of %d inputs were left out; %s says why", len(r.Skipped), len(r.Skipped)+r.Images+r.Texts, r.SkippedFile)}
}

// askFlags say how inputs are asked about.
type askFlags struct{ task, prompt, file string }

func (f *askFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.task, "task", engine.DefaultTask, "`NAME` of the task whose instruction is used")
	flags.StringVar(&f.prompt, "prompt", "", "`TEXT` instead of the task's: with {text} for texts, else for images without one")
	flags.StringVar(&f.file, "instructions", "", "`FILE` of tasks, in JSON, instead of the program's own")
}

func (f *askFlags) instruction() (ask engine.Instruction, err error) {
	all, err := engine.DefaultInstructions()
	if f.file != "" {
		all, err = engine.LoadInstructions(f.file)
	}
	if err != nil {
		return ask, err
	}
	if ask, err = all.Task(f.task); err != nil {
		return ask, usagef("--task: %w", err)
	}
	if f.prompt != "" {
		if ask, err = ask.With(f.prompt); err != nil {
			return ask, usagef("--prompt: %w", err)
		}
	}
	return ask, nil
}

// withID gives an input without an id its number.
func withID(it engine.Item, i int) engine.Item {
	if it.ID == "" {
		it.ID = strconv.Itoa(i)
	}
	return it
}
