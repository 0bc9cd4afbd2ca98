package state

import (
	"cmp"
	"fmt"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/keep"
)

const (
	keepPath  = "urbangraph/kernel/keep"
	keepAlias = "ugkeep"

	runPrefix = "run" // of files that are put and not taken over; the others' names are numbers
)

// Step is what a cell is composed and run with. The zero Step adds nothing.
type Step struct {
	Imports []cell.Import
	Declare []string
	Before  []string
	After   func(inScope []string) []string // nil if nothing is put
	Env     []string                        // NAME=VALUE, of the program
	Notices []string                        // for the user, before the cell runs
	Count   int                             // number of the cell, for those who ask where a value is from; 0: as prepared

	cell     *cell.Cell
	body     *body
	prefix   string            // of the files that the program puts its values in, "" if it puts none
	promoted map[string]string // as GoNB has it once the cell is built
	set      map[string]bool   // variables whose value is taken: whether the cell sets them
}

// Prepare says what is added to a cell, so that it gets the names it uses and puts those it defines. The
// error is one of the cell, such as a variable that is made by a name which is not there yet.
func (m *Memory) Prepare(c *cell.Cell) (Step, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runs++
	s := Step{cell: c, Count: m.runs, promoted: m.promoted}
	if c.Err != nil || c.Script != nil || !c.HasGo() {
		return s, nil
	}
	p := &preparation{Memory: m, step: &s, world: m.world(c), imports: map[string]cell.Import{}, made: map[string]bool{}}
	if !c.Test && !c.Wasm {
		s.body = bodyOf(c)
	}
	if err := p.promote(); err != nil {
		return s, err
	}
	if s.body != nil {
		p.reach = m.reach(p.world, s.body.effects)
		if gone := slices.Sorted(maps.Keys(p.reach.missing)); len(gone) > 0 {
			return s, fmt.Errorf("%s is not there any more: %s", gone[0], cmp.Or(m.gone[gone[0]], "run a cell that defines it"))
		}
		p.setAside()
		p.variables()
		p.restore()
		p.put(c)
	}
	p.finish()
	return s, nil
}

// preparation is a step in the making.
type preparation struct {
	*Memory
	step    *Step
	world   *world
	reach   *reach
	imports map[string]cell.Import
	before  []string
	made    map[string]bool // names that before makes
	always  []string        // names that are put whatever the body defines
	files   []string        // NAME=FILE:CELL
}

// promote declares at package level the names that the cell's own declarations mention, so that functions
// see them; and again where the type of such a name has changed.
func (p *preparation) promote() error {
	next := maps.Clone(p.promoted)
	for n := range next {
		if p.world.own[n] {
			delete(next, n) // the cell declares it itself
		}
	}
	mentioned := map[string]bool{}
	for _, d := range p.world.fresh {
		for u := range p.world.mentions(d.effects) {
			if k := p.names[u]; k != nil && !k.global && p.world.byName[u] == nil && !isPredeclared(u) {
				mentioned[u] = true
			}
		}
	}
	var reached map[string]bool
	if p.step.body != nil {
		reached = p.Memory.reach(p.world, p.step.body.effects).indirect
	}
	for _, n := range slices.Sorted(maps.Keys(p.names)) {
		k := p.names[n]
		_, is := next[n]
		if !mentioned[n] && !(is && reached[n]) || k.typ == "" || p.missing(k) != "" {
			continue
		}
		if text := "var " + n + " " + p.source(k.typ); text != next[n] {
			next[n] = text
			p.step.Declare = append(p.step.Declare, text)
		}
	}
	p.step.promoted = next
	if len(next) == 0 || len(p.step.cell.Declared()) == 0 {
		return nil
	}
	return p.tooEarly()
}

// tooEarly is the error of a variable whose initial value depends on a name that is there only when main
// begins.
func (p *preparation) tooEarly() error {
	for _, n := range slices.Sorted(maps.Keys(p.world.byName)) {
		d := p.world.byName[n]
		if d.Kind != "var" {
			continue
		}
		names := slices.Sorted(maps.Keys(p.Memory.reach(p.world, d.effects).names))
		if len(names) == 0 {
			continue
		}
		if p.world.own[n] {
			return &cell.Error{Line: d.Line, Message: fmt.Sprintf("var %s is made before the kept value of %s is there; write %s := below a line %%%%", n, names[0], n)}
		}
		return fmt.Errorf("the variable %s of an earlier cell would be made by %s before that is there; %%rm %s and make it below a line %%%%", n, names[0], n)
	}
	return nil
}

// missing returns the type that a name's type mentions and that is no longer declared, or "".
func (p *preparation) missing(k *kept) string {
	for _, t := range k.own {
		if d := p.world.byName[t]; d == nil || d.Kind != "type" {
			return t
		}
	}
	return ""
}

// source writes a type and takes note of its imports.
func (p *preparation) source(typ string) string {
	src, imports := source(typ)
	for _, i := range imports {
		p.imports[i.Path] = i
	}
	return src
}

// setAside leaves out names that the body must mean otherwise: of a package, as in x.F, where the value has
// nothing that could follow a point, or of a function of Go's own, as in max(x, y).
func (p *preparation) setAside() {
	e := p.step.body.effects
	for n := range p.reach.names {
		k := p.names[n]
		if p.reach.indirect[n] || e.bare[n] {
			continue
		}
		callable := !isPredeclared(n) || strings.HasPrefix(k.typ, "func(")
		if (!e.called[n] || !callable) && (e.called[n] || pointless(k.typ)) {
			delete(p.reach.names, n)
		}
	}
}

// pointless reports whether a type has neither fields nor methods.
func pointless(typ string) bool {
	switch {
	case typ == "" || typ == "error":
		return false
	case strings.HasPrefix(typ, "[") || strings.HasPrefix(typ, "map[") || strings.HasPrefix(typ, "func(") ||
		strings.HasPrefix(typ, "chan ") || typ == "interface{}":
		return true
	}
	return isPredeclared(typ)
}

// variables takes the values of package-level variables that the cell changes, and gives those back that
// earlier cells have changed.
func (p *preparation) variables() {
	p.step.set = map[string]bool{}
	for _, n := range slices.Sorted(maps.Keys(p.reach.vars)) {
		if n == "_" {
			continue
		}
		k := p.names[n]
		known := k != nil && k.global && k.file > 0 && !p.world.own[n] && p.missing(k) == ""
		switch {
		case known:
			p.before = append(p.before, keepAlias+".Restore("+strconv.Quote(n)+", &"+n+p.known(k)+")")
			p.file(k)
		case p.reach.assigned[n]:
			p.before = append(p.before, keepAlias+".At("+strconv.Quote(n)+", &"+n+")")
		case p.reach.touched[n]:
			p.before = append(p.before, keepAlias+".Watch("+strconv.Quote(n)+", &"+n+")")
		default:
			continue
		}
		p.step.set[n] = p.reach.assigned[n]
	}
}

// known are further arguments of Get and Restore: the types of what stands in interfaces.
func (p *preparation) known(k *kept) string {
	out := ""
	if k.zoned {
		out = ", " + keepAlias + ".Zones(" + p.source(`"time".LoadLocation`) + ")"
	}
	for _, d := range k.dynamic {
		if !keep.Builtin(d) {
			out += ", " + keepAlias + ".Type[" + p.source(d) + "]()"
		}
	}
	return out
}

// file lets the program get the value of a name.
func (p *preparation) file(k *kept) {
	p.files = append(p.files, k.name+"="+itoa(k.file)+":"+itoa(k.count))
}

// restore gives the cell the names that it uses.
func (p *preparation) restore() {
	names := slices.Sorted(maps.Keys(p.reach.names))
	// A name such as string would hide the type for those after it.
	slices.SortStableFunc(names, func(a, b string) int { return order(a) - order(b) })
	for _, n := range names {
		p.make(n)
	}
}

func order(name string) int {
	if isPredeclared(name) {
		return 1
	}
	return 0
}

// make restores a name, and first what its statements need.
func (p *preparation) make(n string) {
	k := p.names[n]
	if p.made[n] || k == nil || k.global || p.world.byName[n] != nil {
		return
	}
	p.made[n] = true
	promoted := p.step.promoted[n] != "" && p.reach.indirect[n] // else only the body uses it
	q := strconv.Quote(n)
	if k.file > 0 {
		if p.missing(k) != "" {
			return
		}
		p.file(k)
		if promoted {
			p.before = append(p.before, keepAlias+".Restore("+q+", &"+n+p.known(k)+")")
			return
		}
		p.before = append(p.before, n+" := "+keepAlias+".Get["+p.source(k.typ)+"]("+q+p.known(k)+"); _ = "+n)
		if p.step.body.early { // what a return inside another statement sees under the name may be another
			p.before = append(p.before, keepAlias+".At("+q+", &"+n+")")
		} else {
			p.always = append(p.always, n)
		}
		return
	}
	if len(k.rerun) == 0 {
		return
	}
	for _, need := range k.needs {
		p.make(need)
	}
	p.step.Notices = append(p.step.Notices, p.once("rerun "+n, fmt.Sprintf(
		"%s (%s) cannot be kept by value, as %s: cells that use it run its statement of cell [%d] again", n, k.short, k.why, k.count))...)
	text := strings.Join(k.rerun, "\n")
	if promoted {
		p.before = append(p.before, "{\nugp := &"+n+"\n{\n"+text+"\n*ugp = "+n+"\n}\n}")
		return
	}
	p.before = append(p.before, text+"\n_ = "+n)
	if p.step.body.assigned[n] {
		p.always = append(p.always, n)
	}
}

// put has the names that the body defines put at its end.
func (p *preparation) put(c *cell.Cell) {
	defined := map[string]bool{}
	for _, d := range c.Defined() {
		_, promoted := p.step.promoted[d.Name]
		if x := p.world.byName[d.Name]; x == nil || promoted {
			defined[d.Name] = true
		} else if x.Kind == "var" {
			p.step.Notices = append(p.step.Notices, p.once("hides "+d.Name, fmt.Sprintf(
				"%s := is a variable of this cell only, as the notebook has declared var %s: write %s = to set that one, or %%rm %s first", d.Name, d.Name, d.Name, d.Name))...)
		}
	}
	if len(defined) == 0 && len(p.before) == 0 {
		return
	}
	always := slices.Clone(p.always)
	p.step.After = func(inScope []string) []string {
		var out []string
		for _, n := range inScope {
			if defined[n] && !slices.Contains(always, n) {
				out = append(out, keepAlias+".Put("+strconv.Quote(n)+", "+n+")")
			}
		}
		for _, n := range always {
			out = append(out, keepAlias+".Put("+strconv.Quote(n)+", "+n+")")
		}
		return append(out, keepAlias+".Done()")
	}
}

// finish puts the step together.
func (p *preparation) finish() {
	s := p.step
	s.Before = p.before
	if s.After != nil {
		p.imports[keepPath] = cell.Import{Path: keepPath, Alias: keepAlias}
		s.prefix = filepath.Join(p.dir, runPrefix+itoa(p.runs))
		s.Env = []string{keep.Prefix + "=" + s.prefix, keep.Files + "=" + strings.Join(p.files, ",")}
	}
	for _, path := range slices.Sorted(maps.Keys(p.imports)) {
		s.Imports = append(s.Imports, p.imports[path])
	}
}

// isPredeclared reports whether a name is one of Go's own.
func isPredeclared(name string) bool { return types.Universe.Lookup(name) != nil }
