package state

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/keep"
)

// Built takes over the declarations of a cell whose program has been built: from then on GoNB has memorised
// them, whatever becomes of the program. Commit does so too.
func (m *Memory) Built(s Step) (notices []string) {
	if s.cell == nil || s.cell.Err != nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.built(s)
}

func (m *Memory) built(s Step) (notices []string) {
	if m.last == s.cell {
		return nil
	}
	m.last = s.cell
	m.promoted = s.promoted
	return m.declare(s.cell)
}

// Abandon drops what a cell has put that did not end well.
func (m *Memory) Abandon(s Step) {
	if s.prefix == "" {
		return
	}
	files, _ := os.ReadDir(m.dir)
	for _, f := range files {
		if strings.HasPrefix(f.Name(), runPrefix) {
			_ = os.Remove(filepath.Join(m.dir, f.Name()))
		}
	}
}

// Commit takes over what a cell that ended well has declared and put. The notices say what later cells will
// not find as they might expect.
func (m *Memory) Commit(s Step, c *cell.Cell) (notices []string, err error) {
	defer m.Abandon(s)
	if s.cell == nil || c.Err != nil {
		return nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	notices = m.built(s)
	if s.prefix == "" {
		return notices, nil
	}
	entries, err := keep.ReadIndex(s.prefix)
	if err != nil {
		return notices, fmt.Errorf("the values of this cell are not kept: %w", err)
	}
	defined := map[string]cell.Name{}
	for _, d := range c.Defined() {
		defined[d.Name] = d
	}
	t := &taking{Memory: m, step: s, cell: c, world: m.world(c)}
	for _, e := range entries {
		_, of := s.set[e.Name]
		_, here := defined[e.Name]
		switch {
		case of:
			err = t.variable(e)
		case here:
			err = t.definition(e)
		default:
			err = t.again(e)
		}
		if err != nil {
			return append(notices, t.notices...), err
		}
	}
	t.statements()
	return append(notices, t.notices...), nil
}

// taking is a commit under way.
type taking struct {
	*Memory
	step    Step
	cell    *cell.Cell
	world   *world
	notices []string
	without []*kept // defined names that cannot be kept by value
}

// name is an entry as the memory has it.
func (t *taking) name(e keep.Entry) *kept {
	return &kept{name: e.Name, typ: e.Type, short: e.Short, dynamic: e.Dynamic, own: e.Own, unnamed: e.Unnamed,
		size: e.Size, opened: e.Opened, zoned: e.Zoned, count: t.step.Count, why: e.Why}
}

// adopt moves the file of a value to where the program of a later cell finds it.
func (t *taking) adopt(e keep.Entry, k *kept) error {
	t.files++
	if err := os.Rename(filepath.Join(t.dir, e.File), t.path(t.files)); err != nil {
		return fmt.Errorf("the value of %s is not kept: %w", e.Name, err)
	}
	k.file = t.files
	t.replace(k)
	return nil
}

// replace lets a name mean something else. The file of the old value goes.
func (t *taking) replace(k *kept) {
	old := t.names[k.name]
	if old != nil && old.file == k.file {
		old.file = 0
	}
	t.drop(k.name, "")
	t.names[k.name] = k
	delete(t.told, "rerun "+k.name)
	delete(t.told, "gone "+k.name)
}

// variable takes the value of a package-level variable.
func (t *taking) variable(e keep.Entry) error {
	k := t.name(e)
	k.global = true
	switch {
	case e.Same:
		return nil
	case e.File != "":
		return t.adopt(e, k)
	}
	if t.step.set[e.Name] {
		t.notices = append(t.notices, t.once("variable "+e.Name, fmt.Sprintf(
			"%s (%s) was set, but cannot be kept, as %s: later cells begin with its initial value", e.Name, e.Short, e.Why))...)
	}
	if old := t.names[e.Name]; old != nil && old.global {
		t.drop(e.Name, "")
	}
	return nil
}

// unwritable is why other cells cannot write the types of a name; "" if they can.
func (t *taking) unwritable(k *kept) string {
	if k.unnamed != "" {
		return k.unnamed
	}
	for _, n := range k.own {
		if d := t.world.byName[n]; d == nil || d.Kind != "type" {
			return "the type " + n + " is declared inside the cell; declare it at package level, above a line %%"
		}
	}
	return ""
}

// definition takes the value of a name that the body defines.
func (t *taking) definition(e keep.Entry) error {
	k := t.name(e)
	why := t.unwritable(k)
	if why == "" && e.Same {
		if old := t.names[e.Name]; old != nil {
			k.file = old.file
			t.replace(k)
			return nil
		}
	}
	if why == "" && e.File != "" {
		return t.adopt(e, k)
	}
	if why != "" {
		k.typ = ""
		if k.why == "" {
			k.why = why
		}
	}
	t.without = append(t.without, k)
	return nil
}

// again takes the value of a name that an earlier cell has defined and this one used.
func (t *taking) again(e keep.Entry) error {
	old := t.names[e.Name]
	if old == nil || e.Same {
		return nil
	}
	if e.File != "" && t.unwritable(t.name(e)) == "" {
		return t.adopt(e, t.name(e))
	}
	if old.file > 0 {
		t.notices = append(t.notices, t.once("again "+e.Name, fmt.Sprintf(
			"%s stays what it was before this cell: its new value cannot be kept, as %s", e.Name, e.Why))...)
	}
	return nil
}

// statements finds out which of the names without a value can be made by their statements again.
func (t *taking) statements() {
	if len(t.without) == 0 {
		return
	}
	can := map[string]bool{}
	for _, k := range t.without {
		t.replace(k)
		k.rerun, k.needs, k.unnamed = t.step.body.statements(k.name, t.cell.LocalTypes())
		can[k.name] = len(k.rerun) > 0
	}
	// What needs a name that cannot be made again cannot be made either.
	for changed := true; changed; {
		changed = false
		for _, k := range t.without {
			if !can[k.name] {
				continue
			}
			for _, n := range k.needs {
				if need, ok := t.names[n]; ok && need.file == 0 && len(need.rerun) == 0 && t.world.byName[n] == nil {
					k.unnamed, can[k.name], changed = "it needs "+n, false, true
				}
			}
		}
	}
	for _, k := range t.without {
		if can[k.name] {
			continue
		}
		text := fmt.Sprintf("%s (%s) cannot be kept, as %s; nor can its statement run again, as %s: later cells do not have it", k.name, k.short, k.why, k.unnamed)
		t.notices = append(t.notices, t.once("gone "+k.name, text)...)
		t.drop(k.name, text)
	}
}
