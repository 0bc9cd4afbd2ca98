package state

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"urbangraph/kernel/cell"
)

// Memory is what a notebook's cells leave for later ones. One goroutine, that of the queue, prepares and
// commits cells, one after another; all other methods may be called at any time.
type Memory struct {
	dir string

	mu       sync.RWMutex
	files    int               // number of the last file of a value
	runs     int               // number of the last folder of an execution
	names    map[string]*kept  // by name
	decls    []declared        // as GoNB has memorised them, in order, the latest of each key
	promoted map[string]string // variables that the memory declared, since functions mention them: how
	told     map[string]bool   // notices that are given once
	gone     map[string]string // why a name is not there
	last     *cell.Cell        // whose declarations were taken over last
	magics   []string          // lines of settings, to be made again
}

// kept is a name that outlives its cell.
type kept struct {
	name    string
	typ     string   // its type as keep writes it; "" if other cells cannot write the type
	short   string   // the type for people
	dynamic []string // types of what stands in interfaces
	own     []string // types of cells that these texts name
	unnamed string   // why typ is empty
	file    int      // number of the file with the value, 0 if there is none
	size    int64
	opened  bool   // (some of) the value is opened again
	zoned   bool   // it holds times of named places
	count   int    // of the cell that set it last
	global  bool   // a package-level variable that the notebook declares
	why     string // why there is no file: the statements run again
	rerun   []string
	needs   []string // names that the statements use
}

// New returns an empty memory, whose values lie in a folder that is made and belongs to it.
func New(dir string) (*Memory, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("kept values: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("kept values: %w", err)
	}
	m := &Memory{dir: dir}
	m.clear()
	return m, nil
}

func (m *Memory) clear() {
	m.names, m.promoted = map[string]*kept{}, map[string]string{}
	m.told, m.gone = map[string]bool{}, map[string]string{}
	m.decls = nil
}

func (m *Memory) path(file int) string { return filepath.Join(m.dir, strconv.Itoa(file)) }

// drop forgets a name and why it is not there; "" if there is nothing to say.
func (m *Memory) drop(name, why string) {
	if k := m.names[name]; k != nil && k.file > 0 {
		_ = os.Remove(m.path(k.file))
	}
	delete(m.names, name)
	delete(m.gone, name)
	if why != "" {
		m.gone[name] = why
	}
}

// once returns a notice in a list the first time, nothing from then on.
func (m *Memory) once(about, notice string) []string {
	if m.told[about] {
		return nil
	}
	m.told[about] = true
	return []string{notice}
}

// Reset forgets all names and declarations, as GoNB's %reset does.
func (m *Memory) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.names {
		m.drop(name, "")
	}
	m.clear()
}

// Forget drops kept values; a variable that the notebook declares begins with its initial value again. It
// returns the names under which nothing is kept.
func (m *Memory) Forget(names ...string) (unknown []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range names {
		if m.names[n] == nil {
			unknown = append(unknown, n)
			continue
		}
		m.drop(n, n+" was forgotten by %reset; run a cell that defines it")
	}
	return unknown
}

// Why returns what is known of a name that later cells do not have, such as that it is a channel whose
// statement cannot run again; "" if nothing is.
func (m *Memory) Why(name string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.gone[name]
}
