package ugdata

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"urbangraph/uglib/progress"
)

// Assembler puts parts together to the files of a dataset and measures its
// splits, with one part and one city in memory at a time.
type Assembler struct {
	b       *Builder
	tables  *tableSet
	auditor *auditor
	tally   *tally
	surveys []*Survey
	city    int // of the last part, or -1
	next    int // number of the part that is due
	cleared int
}

// Assembler starts to write the tables of a dataset into a folder. Of the
// surveys it needs the names and the skipped views.
func (b *Builder) Assembler(dir string, surveys []*Survey) (*Assembler, error) {
	surveys, err := b.inOrder(surveys)
	if err != nil {
		return nil, err
	}
	t, err := newTableSet(dir)
	if err != nil {
		return nil, err
	}
	return &Assembler{b: b, tables: t, auditor: newAuditor(), tally: newTally(), surveys: surveys, city: -1}, nil
}

// Add appends a part. Parts come in the order of their numbers.
func (a *Assembler) Add(ctx context.Context, p *Part) error {
	if p.Number != a.next {
		return fmt.Errorf("ugdata: part %d comes where part %d is due", p.Number, a.next)
	}
	a.next++
	if err := a.advance(ctx, p.City); err != nil {
		return err
	}
	if err := errors.Join(a.tables.add(p.Places), a.tables.pairs(p.Samples, p.Places), a.tables.skip(p.Skipped)); err != nil {
		return err
	}
	places := make([]*Place, len(p.Places))
	for i := range p.Places {
		places[i] = &p.Places[i]
		a.tally.place(places[i])
	}
	a.auditor.add(places)
	for i := range p.Samples {
		s := &p.Samples[i]
		a.tally.sample(s, places[s.Place])
		a.auditor.sample(places[s.Place])
	}
	a.tally.skip(p.Skipped)
	a.cleared += p.Cleared
	return nil
}

// from adds a part of a folder.
func (a *Assembler) from(ctx context.Context, parts Parts, n int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p, err := parts.Read(n)
	if err != nil {
		return err
	}
	return a.Add(ctx, p)
}

// advance goes on to a city, and notes the views of the cities on the way that
// are no places.
func (a *Assembler) advance(ctx context.Context, city int) error {
	for a.city < city && a.city+1 < len(a.surveys) {
		a.city++
		skipped := a.surveys[a.city].Skipped
		a.tally.skip(skipped)
		if err := a.tables.skip(skipped); err != nil {
			return err
		}
		if a.city == city {
			s, err := a.b.at(ctx, city)
			if err != nil {
				return err
			}
			a.tally.city(s.City)
			a.auditor.city(s.City)
		}
	}
	if a.city != city {
		return fmt.Errorf("ugdata: a part of city %d of %d comes after one of city %d", city, len(a.surveys), a.city)
	}
	return nil
}

// Run takes all steps on this machine and writes the dataset into a folder. It
// works through one city after the other, with a few hundred places in memory.
// Parts that are there already are taken as they are; the folder of the parts is
// removed when all of them are in the tables.
func (b *Builder) Run(ctx context.Context, dir string, parts Parts, about About) (*Built, error) {
	surveys := make([]*Survey, b.Cities())
	for i := range surveys {
		var err error
		if surveys[i], err = b.Survey(ctx, i); err != nil {
			return nil, err
		}
	}
	jobs, err := b.Jobs(surveys)
	if err != nil {
		return nil, err
	}
	out, err := b.Assembler(dir, surveys)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	for len(jobs) > 0 {
		n := 1
		for n < len(jobs) && jobs[n].City == jobs[0].City {
			n++
		}
		if err := b.describeAll(ctx, jobs[:n], parts); err != nil {
			return nil, err
		}
		for i := range jobs[:n] {
			if err := out.from(ctx, parts, jobs[i].Number); err != nil {
				return nil, err
			}
		}
		jobs = jobs[n:]
	}
	if err := parts.Remove(); err != nil {
		return nil, err
	}
	return out.Finish(ctx, about)
}

// join puts parts that are all there together.
func (b *Builder) join(ctx context.Context, dir string, parts Parts, about About) (*Built, error) {
	outline, err := parts.ReadOutline()
	if err != nil {
		return nil, err
	}
	out, err := b.Assembler(dir, outline.Surveys)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	task := progress.Start(ctx, "put the parts together", outline.Jobs)
	defer task.Done()
	for n := range outline.Jobs {
		if err := out.from(ctx, parts, n); err != nil {
			return nil, err
		}
		task.Add(1)
	}
	return out.Finish(ctx, about)
}

// Built is what a build did, for its summary.
type Built struct {
	Audit   Audit
	Samples int
	Skipped map[SkipReason]int
	// CaptionsBy counts the places whose caption is by template and by model.
	CaptionsBy map[string]int
	// Cleared counts paths that were left out since they lead to places of
	// another split.
	Cleared int
}

// Finish ends the tables, measures how far the splits are apart, and writes
// audit.json and the card. It is an error if a number of the audit is not as it
// must be, or if nothing is left to train on; the folder is then not to be
// used.
func (a *Assembler) Finish(ctx context.Context, about About) (*Built, error) {
	defer a.Close()
	if a.city < len(a.surveys)-1 {
		return nil, fmt.Errorf("ugdata: parts of %s are missing", a.surveys[len(a.surveys)-1].Name)
	}
	if err := enough(a.tally.samples, a.b.o); err != nil {
		return nil, err
	}
	task := progress.Start(ctx, "audit the splits", 0)
	defer task.Done()
	built := &Built{
		Audit: a.auditor.finish(), Samples: a.tally.samples, Skipped: a.tally.skipped, CaptionsBy: a.tally.captionsBy, Cleared: a.cleared,
	}
	if err := built.Audit.Err(); err != nil {
		return built, err
	}
	if err := a.tables.close(); err != nil {
		return nil, err
	}
	dir := a.tables.dir
	if err := writeFile(filepath.Join(dir, auditFile), func(w io.Writer) error { return WriteFindings(w, built.Audit) }); err != nil {
		return nil, err
	}
	about.Audit = &built.Audit
	return built, writeCard(dir, a.tally, about)
}

// Close removes what was written where Finish was not reached.
func (a *Assembler) Close() { a.tables.cleanup() }
