package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/engine"
	"urbangraph/uglib/ugdata"
)

// itemFlags say what is embedded.
type itemFlags struct {
	images, texts []string
	file          string // of texts, one a line
	args          []string
}

func (f *itemFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.images, "image", nil, "image `FILE`, JPEG, PNG or WebP (may be repeated)")
	flags.StringArrayVar(&f.texts, "text", nil, "text `T` (may be repeated)")
	flags.StringVar(&f.file, "texts", "", "`FILE` of texts, one a line; - is standard input")
}

// inputs are what is embedded, in order.
type inputs struct {
	items iter.Seq2[engine.Item, error]
	total int    // 0 if it is not known
	name  string // of where they come from
}

const stdin = "-"

// check looks at the command line.
func (f *itemFlags) check() error {
	if len(f.images)+len(f.texts)+len(f.args) == 0 && f.file == "" {
		return usagef("nothing to embed; give images, a folder, a table, --text or --texts")
	}
	for _, t := range f.texts {
		switch {
		case strings.TrimSpace(t) == "":
			return usagef("--text is empty")
		case strings.Contains(t, ugdata.ImageTag) || strings.Contains(t, ugdata.GraphTag):
			return usagef("--text %q has a tag %s or %s, which stands for an image or graph; give images by --image", t, ugdata.ImageTag, ugdata.GraphTag)
		}
	}
	readers := 0
	for _, arg := range append([]string{f.file}, f.args...) {
		if arg == stdin {
			readers++
		}
	}
	if readers > 1 {
		return usagef("- is given twice, and there is one standard input")
	}
	return nil
}

// open lists the inputs: images by flag, then the arguments in order, then texts.
func (f *itemFlags) open() (*inputs, error) {
	in := &inputs{name: strings.Join(append(slices.Clone(f.args), f.file), " ")}
	var parts []iter.Seq2[engine.Item, error]
	known := true
	add := func(part iter.Seq2[engine.Item, error], n int) {
		parts = append(parts, part)
		in.total, known = in.total+n, known && n >= 0
	}
	files := func(paths []string) {
		add(each(len(paths), func(i int) engine.Item { return engine.Item{Image: paths[i]} }), len(paths))
	}
	texts := func(list []string) {
		add(each(len(list), func(i int) engine.Item { return engine.Item{Text: list[i]} }), len(list))
	}
	for _, path := range f.images {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("image %w", err)
		}
	}
	files(f.images)
	for _, arg := range f.args {
		if arg == stdin {
			add(engine.ReadJSONL(os.Stdin, "."), -1)
			continue
		}
		paths, err := expand(arg)
		if err != nil {
			return nil, err
		}
		if len(paths) == 1 && engine.IsTable(paths[0]) {
			n, err := engine.CountTable(paths[0])
			if err != nil {
				return nil, err
			}
			add(engine.ReadTable(paths[0]), n)
			continue
		}
		files(paths)
	}
	texts(f.texts)
	if f.file != "" {
		lines, err := readLines(f.file)
		if err != nil {
			return nil, err
		}
		if len(lines) == 0 {
			return nil, fmt.Errorf("%s holds no texts", f.file)
		}
		texts(lines)
	}
	if !known {
		in.total = 0
	}
	in.items = func(yield func(engine.Item, error) bool) {
		i := 0
		for _, part := range parts {
			for it, err := range part {
				if !yield(withID(it, i), err) || err != nil {
					return
				}
				i++
			}
		}
	}
	return in, nil
}

func each(n int, item func(i int) engine.Item) iter.Seq2[engine.Item, error] {
	return func(yield func(engine.Item, error) bool) {
		for i := range n {
			if !yield(item(i), nil) {
				return
			}
		}
	}
}

// isImage reports whether a file's name is that of an image.
func isImage(path string) bool {
	return slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp"}, strings.ToLower(filepath.Ext(path)))
}

// expand returns the files that an argument names: one, those of a folder and
// the folders in it, or those that fit a pattern; sorted.
func expand(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		var paths []string
		err := filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && isImage(path) {
				paths = append(paths, path)
			}
			return err
		})
		if err == nil && len(paths) == 0 {
			err = fmt.Errorf("folder %s holds no images (.jpg, .png, .webp)", arg)
		}
		return paths, err
	case err == nil:
		return []string{arg}, nil
	case !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(arg, "*?["):
		return nil, fmt.Errorf("input: %w", err)
	}
	paths, err := filepath.Glob(arg)
	if err != nil {
		return nil, usagef("pattern %s: %w", arg, err)
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return !isImage(p) })
	if len(paths) == 0 {
		return nil, fmt.Errorf("no image fits the pattern %s", arg)
	}
	return paths, nil
}

// readLines returns the lines of a file that are not blank.
func readLines(path string) ([]string, error) {
	in := os.Stdin
	if path != stdin {
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

// writeLines writes values as JSON, one a line.
func writeLines[T any](w io.Writer, values []T) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, v := range values {
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	return nil
}
