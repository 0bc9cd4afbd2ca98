package exchange

import "fmt"

// Problem is a line or file that could not be read; the others are.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // 0 for a file that is no text
	What string `json:"what"`
}

func (p Problem) String() string { return p.What }

// Report says what [Import] found.
type Report struct {
	Files    []FileReport `json:"files"`
	Places   int          `json:"places"`
	Samples  int          `json:"samples"` // pairs that rows hold, before the splits
	Graphs   int          `json:"graphs"`
	Dropped  int          `json:"nodes_without_position"`
	Others   int          `json:"nodes_described_otherwise"` // in another graph; the first counts
	Skipped  int          `json:"skipped"`                   // places without image or position
	Problems []Problem    `json:"problems"`
}

// Note says for a card where a dataset comes from.
func (r *Report) Note() string {
	rows := 0
	for _, f := range r.Files {
		for _, n := range f.Rows {
			rows += n
		}
	}
	return fmt.Sprintf("Imported from files of the UGE reference: %d rows in %d files and %d graphs; %d places were left out, %d lines and files could not be read. "+
		"The cities are those that the graphs show; a street of which a graph knows the middle alone is drawn through the points that edges show to lie on it.",
		rows, len(r.Files), r.Graphs, r.Skipped, len(r.Problems))
}

// FileReport counts the rows of a file by their form.
type FileReport struct {
	File string       `json:"file"`
	Rows map[Form]int `json:"rows"`
}
