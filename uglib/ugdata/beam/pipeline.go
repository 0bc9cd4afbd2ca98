package beam

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"slices"
	"time"

	sdk "github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"urbangraph/uglib/store"
	"urbangraph/uglib/ugdata"
)

func init() {
	register.DoFn3x1[context.Context, int, func(int, []byte), error](&survey{})
	register.DoFn4x1[context.Context, int, func(*[]byte) bool, func(int, []byte), error](&plan{})
	register.DoFn4x1[context.Context, int, []byte, func(int, int), error](&describe{})
	register.DoFn4x1[context.Context, int, func(*int) bool, func(string), error](&finish{})
	register.Emitter1[string]()
	register.Emitter2[int, int]()
	register.Emitter2[int, []byte]()
	register.Iter1[[]byte]()
	register.Iter1[int]()
}

// namespace of the metrics.
const namespace = "ugdata"

var (
	citiesSurveyed = sdk.NewCounter(namespace, "cities surveyed")
	viewsPlanned   = sdk.NewCounter(namespace, "views planned")
	viewsDescribed = sdk.NewCounter(namespace, "views described")
	viewsFailed    = sdk.NewCounter(namespace, "views failed")
	partsDescribed = sdk.NewCounter(namespace, "parts described")
	partsFound     = sdk.NewCounter(namespace, "parts found")
	jobTime        = sdk.NewDistribution(namespace, "milliseconds a job")
)

// one is the key of what one worker takes together.
const one = 0

// Pipeline adds the steps of the build to a pipeline. The result is the name of
// the finished artefact.
func (w Work) Pipeline(s sdk.Scope) (sdk.PCollection, error) {
	session, err := w.session()
	if err != nil {
		return sdk.PCollection{}, err
	}
	s = s.Scope("ugdata")
	cities := make([]int, session.builder.Cities())
	for i := range cities {
		cities[i] = i
	}
	surveys := sdk.ParDo(s.Scope("survey"), &survey{w}, sdk.Reshuffle(s, sdk.CreateList(s, cities)))
	jobs := sdk.ParDo(s.Scope("plan"), &plan{w}, sdk.GroupByKey(s, surveys))
	numbers := sdk.ParDo(s.Scope("describe"), &describe{w}, sdk.Reshuffle(s, jobs))
	return sdk.ParDo(s.Scope("finish"), &finish{w}, sdk.GroupByKey(s, numbers)), nil
}

// survey lists the views of a city.
type survey struct{ Work Work }

// surveyAnchors is how many anchors an element holds at most.
const surveyAnchors = 4096

// ProcessElement emits the survey of a city in pieces.
func (f *survey) ProcessElement(ctx context.Context, city int, emit func(int, []byte)) error {
	session, err := f.Work.session()
	if err != nil {
		return err
	}
	full, err := session.builder.Survey(f.Work.inputs(ctx), city)
	if err != nil {
		return err
	}
	log.Infof(ctx, "%s: %d of %d views can be places", full.Name, len(full.Anchors), full.Views)
	citiesSurveyed.Inc(ctx, 1)
	anchors, skipped := full.Anchors, full.Skipped
	for first := true; first || len(anchors) > 0 || len(skipped) > 0; first = false {
		piece := *full
		piece.Anchors, anchors = cut(anchors)
		piece.Skipped, skipped = cut(skipped)
		data, err := encode(&piece)
		if err != nil {
			return err
		}
		emit(one, data)
	}
	return nil
}

func cut[T any](all []T) (head, tail []T) {
	n := min(len(all), surveyAnchors)
	return all[:n], all[n:]
}

// plan settles the splits and cuts the work into jobs.
type plan struct{ Work Work }

// ProcessElement takes the pieces of all surveys, in any order.
func (f *plan) ProcessElement(ctx context.Context, _ int, pieces func(*[]byte) bool, emit func(int, []byte)) error {
	session, err := f.Work.session()
	if err != nil {
		return err
	}
	byCity := map[int]*ugdata.Survey{}
	var data []byte
	for pieces(&data) {
		var piece ugdata.Survey
		if err := decode(data, &piece); err != nil {
			return err
		}
		s := byCity[piece.City]
		if s == nil {
			s = &ugdata.Survey{City: piece.City, Name: piece.Name, Views: piece.Views}
			byCity[piece.City] = s
		}
		s.Anchors = append(s.Anchors, piece.Anchors...)
		s.Skipped = append(s.Skipped, piece.Skipped...)
	}
	var surveys []*ugdata.Survey
	for _, s := range byCity {
		s.Sort()
		surveys = append(surveys, s)
	}
	jobs, err := session.builder.Jobs(surveys)
	if err != nil {
		return err
	}
	outline := ugdata.NewOutline(surveys, jobs)
	if err := session.parts.WriteOutline(outline); err != nil {
		return err
	}
	log.Infof(ctx, "%d views of %d cities in %d jobs", outline.Views, len(surveys), len(jobs))
	viewsPlanned.Inc(ctx, int64(outline.Views))
	for i := range jobs {
		data, err := encode(&jobs[i])
		if err != nil {
			return err
		}
		emit(jobs[i].Number, data)
	}
	return nil
}

// describe makes a part of each job.
type describe struct{ Work Work }

// ProcessElement writes the part of a job, if it is not there, and emits its
// number.
func (f *describe) ProcessElement(ctx context.Context, number int, data []byte, emit func(int, int)) error {
	session, err := f.Work.session()
	if err != nil {
		return err
	}
	var job ugdata.Job
	if err := decode(data, &job); err != nil {
		return err
	}
	if session.parts.Has(&job) {
		partsFound.Inc(ctx, 1)
		emit(one, number)
		return nil
	}
	start := time.Now()
	part, err := session.builder.Describe(f.Work.inputs(ctx), &job)
	if err != nil {
		return err
	}
	if err := session.parts.Write(part); err != nil {
		return err
	}
	jobTime.Update(ctx, time.Since(start).Milliseconds())
	partsDescribed.Inc(ctx, 1)
	viewsDescribed.Inc(ctx, int64(len(part.Places)))
	viewsFailed.Inc(ctx, int64(len(part.Skipped)))
	emit(one, number)
	return nil
}

// finish puts the parts together.
type finish struct{ Work Work }

// ProcessElement takes the numbers of all parts.
func (f *finish) ProcessElement(ctx context.Context, _ int, numbers func(*int) bool, emit func(string)) error {
	session, err := f.Work.session()
	if err != nil {
		return err
	}
	defer f.Work.forget()
	if art, err := f.Work.Open(); err == nil { // by an attempt before this one
		emit(art.Ref().String())
		return session.parts.Remove()
	}
	outline, err := session.parts.ReadOutline()
	if err != nil {
		return err
	}
	there := make([]bool, outline.Jobs)
	var n int
	for numbers(&n) {
		if n < 0 || n >= len(there) {
			return fmt.Errorf("beam: part %d of %d was described", n, len(there))
		}
		there[n] = true
	}
	if missing := slices.Index(there, false); missing >= 0 {
		return fmt.Errorf("beam: part %d of %d was not described", missing, len(there))
	}
	spec, err := f.Work.spec()
	if err != nil {
		return err
	}
	log.Infof(ctx, "putting %d parts together", outline.Jobs)
	art, err := store.At(f.Work.Home).Get(f.Work.inputs(ctx), spec.FromParts(session.parts))
	if err != nil {
		return err
	}
	emit(art.Ref().String())
	return session.parts.Remove()
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return nil, fmt.Errorf("beam: %w", err)
	}
	return b.Bytes(), nil
}

func decode(data []byte, v any) error {
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(v); err != nil {
		return fmt.Errorf("beam: an element is damaged: %w; is the worker's program that of the launcher?", err)
	}
	return nil
}
