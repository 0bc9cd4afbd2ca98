package cell

import "strings"

// voidBuiltin tells whether a predeclared function is called for its effect.
func voidBuiltin(name string) bool {
	switch name {
	case "clear", "close", "copy", "delete", "panic", "print", "println":
		return true
	}
	return false
}

// voidFunctions are functions that are called for their effect, by the last word of their package: those
// of the standard library that return nothing, its printing and scanning ones whatever they return, and
// those of the packages that notebooks show things with. A * stands for all names that begin so.
var voidFunctions = map[string]string{
	"fmt":     "Print Printf Println Fprint Fprintf Fprintln Scan Scanf Scanln Fscan Fscanf Fscanln Sscan Sscanf Sscanln",
	"log":     "Print* Fatal* Panic* Set* Output",
	"slog":    "Debug DebugContext Info InfoContext Warn WarnContext Error ErrorContext Log LogAttrs SetDefault",
	"os":      "Exit Clearenv",
	"time":    "Sleep",
	"runtime": "GC Gosched Goexit KeepAlive LockOSThread UnlockOSThread Breakpoint SetFinalizer",
	"debug":   "FreeOSMemory PrintStack",
	"sort":    "Ints Float64s Strings Sort Stable Slice SliceStable",
	"slices":  "Sort SortFunc SortStableFunc Reverse",
	"maps":    "Copy DeleteFunc Insert",
	"rand":    "Seed Shuffle",
	"signal":  "Ignore Notify Reset Stop",
	"flag":    "Parse PrintDefaults *Var",
	"http":    "Handle HandleFunc Error NotFound Redirect SetCookie ServeFile ServeContent",
	"atomic":  "Store*",
	"gonbui":  "Display* Update* Script* Sync SendData RequestInput",
	"ugshow":  "*",
	"plots":   "Show*",
	"must":    "M",
	"t":       "Run",
	"wg":      "Add Done Wait Go",
}

// voidFunction tells whether a function of a package is called for its effect.
func voidFunction(pkg, name string) bool {
	for _, f := range strings.Fields(voidFunctions[pkg]) {
		if f == name {
			return true
		}
		if head, ok := strings.CutSuffix(f, "*"); ok && strings.HasPrefix(name, head) {
			return true
		}
		if tail, ok := strings.CutPrefix(f, "*"); ok && tail != "" && strings.HasSuffix(name, tail) {
			return true
		}
	}
	return false
}
