package state

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"urbangraph/kernel/cell"
)

// Declarations returns what GoNB has memorised of the notebook's declarations, in the order in which they
// were made, the latest of each key.
func (m *Memory) Declarations() []cell.Decl {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([]cell.Decl, len(m.decls))
	for i, d := range m.decls {
		out[i] = d.Decl
	}
	return out
}

// Remove forgets declarations by GoNB's keys, as %rm does, and what is kept of the variables among them.
func (m *Memory) Remove(keys ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		m.decls = slices.DeleteFunc(m.decls, func(d declared) bool {
			if d.Key != key && (d.Kind != "var" || !slices.Contains(d.Names, key)) {
				return false
			}
			m.forgetVariables(d.Decl)
			return true
		})
		if _, ok := m.promoted[key]; ok {
			delete(m.promoted, key)
			m.drop(key, key+" was removed by %rm; run a cell that defines it")
		}
	}
}

func (m *Memory) forgetVariables(d cell.Decl) {
	for _, n := range d.Names {
		if k := m.names[n]; k != nil && k.global && d.Kind == "var" {
			m.drop(n, "")
		}
	}
}

// declare takes over a cell's declarations, as GoNB does once the cell has been built. Names that were
// kept under the same names give way.
func (m *Memory) declare(c *cell.Cell) (notices []string) {
	for _, d := range c.Declared() {
		m.decls = slices.DeleteFunc(m.decls, func(old declared) bool {
			same := old.Key == d.Key
			if old.Kind != "import" && d.Kind != "import" && !isMethod(old.Decl) && !isMethod(d) {
				same = same || slices.ContainsFunc(old.Names, func(n string) bool { return n != "_" && slices.Contains(d.Names, n) })
			}
			if same && (old.Kind == "import") == (d.Kind == "import") {
				m.forgetVariables(old.Decl)
				return true
			}
			return false
		})
		m.decls = append(m.decls, describe(d))
		if isMethod(d) {
			continue
		}
		for _, n := range d.Names {
			delete(m.promoted, n)
			if k := m.names[n]; k != nil {
				m.drop(n, "")
				if d.Kind != "var" {
					notices = append(notices, n+" is "+article(d.Kind)+" from here on; the value that cell ["+itoa(k.count)+"] kept under that name is dropped")
				}
			}
			delete(m.gone, n)
		}
	}
	return notices
}

func isMethod(d cell.Decl) bool { return d.Kind == "func" && strings.Contains(d.Key, "~") }

func article(kind string) string {
	switch kind {
	case "import":
		return "an import"
	case "func":
		return "a function"
	case "type":
		return "a type"
	}
	return "a constant"
}

// settings are the magics that last longer than a cell.
var settings = []string{"env", "cd", "goflags", "autoget", "noautoget"}

// Magic notes a magic that GoNB has carried out, so that [Memory.Replay] can make the setting again.
func (m *Memory) Magic(s cell.Special) {
	if s.Shell || !slices.Contains(settings, s.Name) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key := settingKey(s)
	m.magics = slices.DeleteFunc(m.magics, func(line string) bool {
		old := cell.Parse(line).Specials
		return key != "" && len(old) == 1 && settingKey(old[0]) == key
	})
	m.magics = append(m.magics, s.String())
}

// settingKey tells settings apart of which only the last counts; "" for those of which all do, in order.
func settingKey(s cell.Special) string {
	switch {
	case s.Name == "env" && len(s.Args) > 0:
		name, _, _ := strings.Cut(s.Args[0], "=")
		return "env " + name
	case s.Name == "cd":
		return ""
	case s.Name == "noautoget":
		return "autoget"
	}
	return s.Name
}

// Replay returns the text of a cell that makes all settings and declarations again, for a GoNB that was
// started anew; "" if there are none.
func (m *Memory) Replay() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	lines := slices.Clone(m.magics)
	for _, d := range m.decls {
		if d.Kind == "import" {
			lines = append(lines, d.Text())
		}
	}
	imports := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(m.promoted)) {
		k := m.names[name]
		if k == nil || k.typ == "" {
			continue
		}
		src, more := source(k.typ)
		for _, i := range more {
			if !imports[i.Path] {
				imports[i.Path] = true
				lines = append(lines, "import "+i.Alias+" "+strconv.Quote(i.Path))
			}
		}
		m.promoted[name] = "var " + name + " " + src
		lines = append(lines, m.promoted[name])
	}
	for _, d := range m.decls {
		if d.Kind != "import" {
			lines = append(lines, d.Text())
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}
