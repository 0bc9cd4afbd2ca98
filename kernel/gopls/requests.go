package gopls

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// turn is a request for completion or inspection; a newer one of its kind ends it.
type turn struct {
	context.Context // of the answer; ends with the caller's, with the server and with the next request
	cancel          context.CancelCauseFunc
	asking          context.Context // of the question to gopls, which may go on after the answer
	drop            context.CancelFunc
}

// take ends the request in slot and puts a new one there. Its cancel is to be called.
func (s *Server) take(ctx context.Context, slot **turn) (*turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if old := *slot; old != nil {
		old.cancel(ErrSuperseded)
		old.drop()
	}
	t := new(turn)
	t.Context, t.cancel = context.WithCancelCause(ctx)
	t.asking, t.drop = context.WithTimeout(s.life, lateLimit)
	*slot = t
	return t, nil
}

// answer asks gopls by f and waits for it as long as patience. When that runs out the question goes on in
// the background until the next one of its kind, as it fills the caches of gopls.
func answer[T any](ctx *turn, s *Server, p *project, patience time.Duration, f func(context.Context, *session) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	result := make(chan outcome, 1)
	started := s.spawn(func() {
		defer ctx.drop()
		var o outcome
		var x *session
		if x, o.err = s.running(ctx.asking, p); o.err == nil {
			o.value, o.err = f(ctx.asking, x)
		}
		result <- o
	})
	if !started {
		return none, ErrClosed
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case o := <-result:
		return o.value, o.err
	case <-limit.C:
		s.dropStuck()
		return none, context.DeadlineExceeded
	case <-ctx.Done():
		ctx.drop()
		return none, context.Cause(ctx)
	case <-s.life.Done():
		return none, ErrClosed
	}
}

// Complete lists what can stand at a byte offset of a cell. A newer call makes it return [ErrSuperseded].
// It never takes much longer than Patience.
func (s *Server) Complete(ctx context.Context, nb Notebook, code string, offset int) (Completion, error) {
	turn, err := s.take(ctx, &s.completing)
	if err != nil {
		return Completion{}, err
	}
	defer turn.cancel(nil)
	s.known.Load().fill()
	c := locate(code, offset)
	shift := len(code) - len(c.code)
	var out Completion
	switch c.place {
	case inMagic:
		out = s.o.completeMagic(c)
	case inShell:
		out = completePath(c, s.o.Dir())
	case inImport:
		out = s.completeImport(c)
	case inText:
		out = Completion{Start: c.offset, End: c.offset}
	default:
		out, err = s.completeGo(turn, nb, c)
	}
	out.Start, out.End = out.Start+shift, out.End+shift
	return out, err
}

// completeImport completes the path of an import.
func (s *Server) completeImport(c cursor) Completion {
	end := c.offset
	for end < len(c.code) && !strings.ContainsRune("\"`\r\n", rune(c.code[end])) {
		end++
	}
	out := Completion{Start: c.from, End: end, Own: true}
	for _, p := range s.known.Load().lib.importPaths(c.code[c.from:c.offset]) {
		out.add(p, Package, "")
	}
	return out
}

// completeGo completes Go code.
func (s *Server) completeGo(ctx *turn, nb Notebook, c cursor) (Completion, error) {
	from, to := identifierAt(c.code, c.offset)
	if isNumber(c.code[from:to]) {
		return Completion{Start: c.offset, End: c.offset}, nil
	}
	p := compose(nb, c.outline, s.known.Load().imports)
	own := sync.OnceValue(func() Completion {
		out := Completion{Start: from, End: to, Own: true}
		for _, x := range newOwn(s.known.Load().lib, p, p.toFile(c.offset)).complete(c.code[from:c.offset]) {
			out.add(x.name, x.kind, x.signature)
		}
		return out
	})
	out, err := answer(ctx, s, p, s.patience(func() bool { return len(own().Matches) > 0 }), func(ctx context.Context, x *session) (Completion, error) { return x.complete(ctx, p, c) })
	if ctx.Err() != nil {
		return Completion{Start: c.offset, End: c.offset}, context.Cause(ctx)
	}
	if errors.Is(err, ErrClosed) {
		return out, err
	}
	if err == nil && len(out.Matches) > 0 {
		s.addPackages(&out, c.code[:c.offset])
		return out, nil
	}
	return own(), nil
}

// patience is how long to wait for gopls. While it is starting that is shorter where we have an answer
// of our own.
func (s *Server) patience(answered func() bool) time.Duration {
	s.mu.Lock()
	cold := s.session == nil || !s.session.warm.Load()
	s.mu.Unlock()
	if cold && answered() {
		return min(s.o.Patience, coldPatience)
	}
	return s.o.Patience
}

// addPackages adds the names of packages that are not imported to what gopls has found, unless the cursor
// stands behind a dot.
func (s *Server) addPackages(out *Completion, before string) {
	prefix := before[out.Start:]
	if strings.HasSuffix(strings.TrimRight(before[:out.Start], " \t"), ".") {
		return
	}
	for _, p := range s.known.Load().lib.packageNames(prefix) {
		if !slices.Contains(out.Matches, p.name) {
			out.add(p.name, p.kind, p.signature)
		}
	}
}

// Inspect explains what stands at a byte offset of a cell: the name there, or the function in whose call
// the offset lies. With detail 1 it shows the source. It reports false when there is nothing to say. A
// newer call makes it return [ErrSuperseded].
func (s *Server) Inspect(ctx context.Context, nb Notebook, code string, offset, detail int) (map[string]string, bool, error) {
	turn, err := s.take(ctx, &s.inspecting)
	if err != nil {
		return nil, false, err
	}
	defer turn.cancel(nil)
	s.known.Load().fill()
	c := locate(code, offset)
	switch c.place {
	case inMagic, inShell:
		text, ok := s.o.inspectMagic(c)
		if !ok {
			return nil, false, nil
		}
		return map[string]string{"text/plain": text}, true, nil
	case inImport:
		return nil, false, nil
	}
	p := compose(nb, c.outline, s.known.Load().imports)
	own := sync.OnceValue(func() string { return s.explainOwn(p, c, detail) })
	text, err := answer(turn, s, p, s.patience(func() bool { return own() != "" }), func(ctx context.Context, x *session) (string, error) { return x.inspect(ctx, p, c, detail) })
	if turn.Err() != nil {
		return nil, false, context.Cause(turn)
	}
	if errors.Is(err, ErrClosed) {
		return nil, false, err
	}
	if err != nil || text == "" {
		text = own()
	}
	if text == "" {
		return nil, false, nil
	}
	return bundle(text), true, nil
}

// explainOwn explains without gopls.
func (s *Server) explainOwn(p *project, c cursor, detail int) string {
	if c.place == inCode {
		if text, ok := newOwn(s.known.Load().lib, p, p.toFile(c.offset)).explain(detail > 0); ok {
			return text
		}
	}
	if end, _, ok := calledAt(c.outline.Masked, c.offset); ok {
		if text, ok := newOwn(s.known.Load().lib, p, p.toFile(end)).explain(detail > 0); ok {
			return text
		}
	}
	return ""
}

// Warm starts gopls in the background, where it does not run, and shows it the notebook, so that the
// first request finds it ready. It returns at once.
func (s *Server) Warm(nb Notebook) {
	s.known.Load().fill()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warming || s.o.Gopls == "" {
		return
	}
	s.warming = s.spawnLocked(func() {
		defer func() {
			s.mu.Lock()
			s.warming = false
			s.mu.Unlock()
		}()
		ctx, cancel := context.WithTimeout(s.life, lateLimit)
		defer cancel()
		const code = "_ = fmt.\n"
		c := locate(code, len(code)-1)
		p := compose(nb, c.outline, s.known.Load().imports)
		if x, err := s.running(ctx, p); err == nil {
			x.complete(ctx, p, c)
		}
	})
}
