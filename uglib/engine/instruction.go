package engine

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"urbangraph/uglib/ugdata"
)

// Instruction is how a task asks about its inputs. {text} stands for an item's
// text; the image's own placeholder comes before it all.
type Instruction struct {
	About string `json:"about,omitempty"` // for people
	Image string `json:"image"`           // asked about an image that has no text
	Text  string `json:"text"`            // written for a text that has no image; with {text}
	Both  string `json:"both"`            // asked about an image with a text; with {text}
}

const textSlot = "{text}"

// DefaultTask embeds images by where they are, and texts as they stand.
const DefaultTask = "embed"

//go:embed instructions.json
var instructionFile []byte

// Instructions are the instructions of the tasks by name.
type Instructions map[string]Instruction

// DefaultInstructions returns those that the program brings.
func DefaultInstructions() (Instructions, error) {
	return parseInstructions(instructionFile, "the program's instructions.json")
}

// LoadInstructions reads a file in the form of the program's own:
//
//	{"mine": {"image": "Which quarter is this?", "text": "{text}", "both": "{text}"}}
func LoadInstructions(path string) (Instructions, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("instructions: %w", err)
	}
	return parseInstructions(data, path)
}

func parseInstructions(data []byte, name string) (Instructions, error) {
	var all Instructions
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&all); err != nil {
		return nil, fmt.Errorf("instructions: %s: %w", name, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("instructions: %s names no task", name)
	}
	for _, task := range all.Tasks() {
		if err := all[task].check(); err != nil {
			return nil, fmt.Errorf("instructions: %s: task %s: %w", name, task, err)
		}
	}
	return all, nil
}

func (in Instruction) check() error {
	for _, s := range []struct {
		name, text string
		slot       bool
	}{{"image", in.Image, false}, {"text", in.Text, true}, {"both", in.Both, true}} {
		switch {
		case strings.TrimSpace(s.text) == "":
			return fmt.Errorf("%q is empty", s.name)
		case strings.Contains(s.text, textSlot) != s.slot && s.slot:
			return fmt.Errorf("%q is %q, without %s, so that all texts would be embedded alike", s.name, s.text, textSlot)
		case strings.Contains(s.text, textSlot) != s.slot:
			return fmt.Errorf("%q is %q, with %s, where there is no text", s.name, s.text, textSlot)
		case strings.Contains(s.text, ugdata.ImageTag) || strings.Contains(s.text, ugdata.GraphTag):
			return fmt.Errorf("%q is %q: leave %s and %s out, they are written before it", s.name, s.text, ugdata.ImageTag, ugdata.GraphTag)
		}
	}
	return nil
}

// Tasks lists the names, sorted.
func (all Instructions) Tasks() []string { return slices.Sorted(maps.Keys(all)) }

// Task returns a task's instruction.
func (all Instructions) Task(name string) (Instruction, error) {
	in, ok := all[name]
	if !ok {
		return in, fmt.Errorf("no task %q; the instructions have %s", name, strings.Join(all.Tasks(), ", "))
	}
	return in, nil
}

// With returns the instruction with a prompt of the caller's own: one with
// {text} is for texts, alone or with an image; one without is what images that
// have no text are asked.
func (in Instruction) With(prompt string) (Instruction, error) {
	if strings.Contains(prompt, textSlot) {
		in.Text, in.Both = prompt, prompt
	} else {
		in.Image = prompt
	}
	return in, in.check()
}

// write is the text that the model gets for an item.
func (in Instruction) write(it *Item) string {
	var tags, text string
	switch it.Kind() {
	case "image":
		tags, text = ugdata.ImageTag, in.Image
	case "image+text":
		tags, text = ugdata.ImageTag, strings.ReplaceAll(in.Both, textSlot, it.Text)
	default:
		text = strings.ReplaceAll(in.Text, textSlot, it.Text)
	}
	if it.Graph != nil {
		tags = ugdata.GraphTag + tags
	}
	if tags != "" {
		tags += " "
	}
	return tags + text
}
