package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// Spec says what an artefact is and knows how to build it. It is a plain
// struct: two specs whose exported fields encode to the same JSON are the same
// artefact. Fields tagged `json:"-"` do not count, which suits paths of input
// files whose checksum is another field.
type Spec interface {
	// Kind names the sort of artefact in lower-case letters, such as "city".
	Kind() string
	// Schema is the version of the file layout that Build writes. Raise it when
	// the layout or the meaning of the files changes: old artefacts are then
	// left alone and new ones are built.
	Schema() int
	// Inputs are the artefacts that this one is built from.
	Inputs() []Spec
	// Build writes the files of the artefact into b.Dir.
	Build(ctx context.Context, b *Build) error
}

// keyDigits is the length of a key: 80 bits of the SHA-256 in hexadecimal.
const keyDigits = 20

var (
	kindPattern = regexp.MustCompile(`^[a-z]+$`)
	keyPattern  = regexp.MustCompile(fmt.Sprintf(`^[0-9a-f]{%d}$`, keyDigits))
)

// Key returns the name of the folder of the artefact that spec describes: the
// first 20 hexadecimal digits of the SHA-256 over kind, schema, fields and the
// keys of the inputs. It is an error if the kind is not in lower-case letters,
// if the spec cannot be written as JSON, or if it is its own input.
func Key(spec Spec) (string, error) {
	p, err := newPlan(spec, nil)
	if err != nil {
		return "", err
	}
	return p.key, nil
}

// plan is a spec with everything that follows from it.
type plan struct {
	spec   Spec
	kind   string
	key    string
	json   json.RawMessage
	inputs []*plan
}

func (p *plan) ref() Ref { return Ref{Kind: p.kind, Key: p.key} }

// newPlan works out the key of spec and of all its inputs. above holds the
// kind and fields of the specs that led here, to refuse cycles.
func newPlan(spec Spec, above []string) (*plan, error) {
	if spec == nil {
		return nil, fmt.Errorf("store: the spec is nil")
	}
	kind := spec.Kind()
	if !kindPattern.MatchString(kind) {
		return nil, fmt.Errorf("store: kind %q of %T is not a word of lower-case letters", kind, spec)
	}
	fields, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("store: the %s spec %T does not encode to JSON: %w", kind, spec, err)
	}
	identity := kind + " " + string(fields)
	for _, a := range above {
		if a == identity {
			return nil, fmt.Errorf("store: the %s spec %T is among its own inputs", kind, spec)
		}
	}
	above = append(above[:len(above):len(above)], identity)

	p := &plan{spec: spec, kind: kind, json: fields}
	inputKeys := []string{}
	for _, in := range spec.Inputs() {
		ip, err := newPlan(in, above)
		if err != nil {
			return nil, err
		}
		p.inputs = append(p.inputs, ip)
		inputKeys = append(inputKeys, ip.kind+"/"+ip.key)
	}
	content, err := json.Marshal(struct {
		Kind   string
		Schema int
		Spec   json.RawMessage
		Inputs []string
	}{kind, spec.Schema(), fields, inputKeys})
	if err != nil {
		return nil, fmt.Errorf("store: key of the %s spec %T: %w", kind, spec, err)
	}
	sum := sha256.Sum256(content)
	p.key = hex.EncodeToString(sum[:])[:keyDigits]
	return p, nil
}

// Build is what a [Spec] works with while it builds. Its methods may be called
// from several goroutines.
type Build struct {
	Dir     string      // folder to write into
	Key     string      // key of the artefact being built
	Resumed bool        // Dir holds what an interrupted build kept
	Inputs  []*Artefact // one per Spec.Inputs, in the same order

	keepFile string

	mu      sync.Mutex
	kept    map[string]bool
	summary map[string]any
	err     error // the first failure to note a kept name
}

// Path joins name to the folder that is being built.
func (b *Build) Path(name ...string) string {
	return filepath.Join(append([]string{b.Dir}, name...)...)
}

// Keep says that the file or folder name, relative to Dir, is to outlive an
// interruption: when this build fails or its process is killed, the next one
// finds it and Resumed is true. Everything else is removed before that. What
// still stands in Dir when Build returns without error, kept or not, becomes
// part of the artefact.
func (b *Build) Keep(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name = filepath.ToSlash(filepath.Clean(name))
	if !filepath.IsLocal(name) || name == "." {
		b.fail(fmt.Errorf("store: cannot keep %q: it is not inside the build folder", name))
		return
	}
	if b.kept[name] {
		return
	}
	if b.kept == nil {
		b.kept = map[string]bool{}
	}
	b.kept[name] = true
	data, err := json.Marshal(sortedKeys(b.kept))
	if err == nil {
		err = writeAtomic(b.keepFile, data)
	}
	if err != nil {
		b.fail(fmt.Errorf("store: cannot note that %q is kept: %w", name, err))
	}
}

func (b *Build) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Summary records a small fact, such as a count, in the manifest, where "ug
// ls" and "ug show" find it. The value must encode to JSON.
func (b *Build) Summary(key string, value any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.summary == nil {
		b.summary = map[string]any{}
	}
	b.summary[key] = value
}

// clear removes everything from the build folder but the kept files, and says
// whether any of those is there.
func (b *Build) clear() (resumed bool, err error) {
	keep := map[string]bool{} // kept paths
	way := map[string]bool{}  // folders on the way to one
	for name := range b.kept {
		keep[name] = true
		for d := filepath.ToSlash(filepath.Dir(name)); d != "."; d = filepath.ToSlash(filepath.Dir(d)) {
			way[d] = true
		}
	}
	var visit func(rel string) error
	visit = func(rel string) error {
		entries, err := os.ReadDir(b.Path(rel))
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := filepath.ToSlash(filepath.Join(rel, e.Name()))
			switch {
			case keep[name]:
				resumed = true
			case way[name] && e.IsDir():
				err = visit(name)
			default:
				err = os.RemoveAll(b.Path(name))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := visit("."); err != nil {
		return false, err
	}
	return resumed, nil
}
