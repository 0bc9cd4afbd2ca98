import unittest

from ug_papermill.declared import declarations, is_name, type_of

CELL = """import "time"
%env A=1
!ls
// How many
// times.
var n = 3
var lr, decay float64 = 0.1, 1 // of the optimiser
var (
	name string // whose
	paths = []string{"a, b", `c
d`} /* where */

	on = true; off bool
)
const Seed = 42 // const
var table = map[string][]int{
	"a": {1, 2}, // not help
}
type T struct { x int }
func f(a int) (b int) { var inner = 3; c := 4; return c }
var limit = 90 * time.Second
%%
x, y := 1, 2.5 // both
s := "a;b" + "c"
if x := 3; x > 2 { z := 1; _ = z }
for i := range 3 { _ = i }
x = 7
f := func() { q := 1; _ = q }
call, err := f(1, 2)
_ = x
d := time.Duration(5)
p := &T{1}
"""


class Declarations(unittest.TestCase):
    def test_cell(self):
        found = [(d.name, d.form, d.type, d.value, d.help, d.body) for d in declarations(CELL)]
        self.assertEqual(
            found,
            [
                ("n", "var", "int", "3", "How many times.", False),
                ("lr", "var", "float64", "0.1", "of the optimiser", False),
                ("decay", "var", "float64", "1", "of the optimiser", False),
                ("name", "var", "string", "", "whose", False),
                ("paths", "var", "[]string", '[]string{"a, b", `c\nd`}', "where", False),
                ("on", "var", "bool", "true", "", False),
                ("off", "var", "bool", "", "", False),
                ("Seed", "const", "int", "42", "const", False),
                ("table", "var", "map[string][]int", 'map[string][]int{ "a": {1, 2}, }', "not help", False),
                ("limit", "var", "time.Duration", "90 * time.Second", "", False),
                ("x", ":=", "int", "1", "both", True),
                ("y", ":=", "float64", "2.5", "both", True),
                ("s", ":=", "string", '"a;b" + "c"', "", True),
                ("f", ":=", "", "func() { q := 1; _ = q }", "", True),
                ("call", ":=", "", "", "", True),
                ("err", ":=", "", "", "", True),
                ("d", ":=", "time.Duration", "time.Duration(5)", "", True),
                ("p", ":=", "", "&T{1}", "", True),
            ],
        )

    def test_what_is_no_go(self):
        for cell in ("", "var", "var (", "var )", ":=", "a :=", "var x", '"', "x := `", "/*", ")]}", "var x = }", ", := 1", "var a,, b = 1", "\x00", "var 3 = 4", "var _ = 3", "const (\n\tA = iota\n\tB\n)"):
            declarations(cell)

    def test_types(self):
        for value, type_ in {
            "3": "int", "-3": "int", "0x1F": "int", "0b1": "int", "1_000": "int", "0o17": "int",
            "3.": "float64", ".5": "float64", "1e3": "float64", "-1.5e-3": "float64", "1_0.5": "float64",
            '"a"': "string", "`a`": "string", '"a" + `b`': "string", '"a" + x': "", "'a'": "rune", r"'\n'": "rune", r"'\''": "rune",
            "true": "bool", "false": "bool", "x": "", "f(x)": "", "x + 1": "", "value-1": "",
            "time.Second": "time.Duration", "5 * time.Minute": "time.Duration", "f(time.Second)": "",
            "int8(3)": "int8", "float32(0.5)": "float32", 'string("x")': "string", "time.Duration(3)": "time.Duration", "T(3)": "",
            "[]int{1}": "[]int", "map[string][]bool{}": "map[string][]bool", "[2][]T{}": "[2][]T", "T{1}": "T", "pkg.T{a: \"}\"}": "pkg.T",
            "&T{1}": "", "func() int { return 1 }": "", "[]any{1, f(2)}": "[]any", "[...]int{1}": "[...]int",
            "math.NaN()": "float64", "math.Pi": "float64", "struct{}{}": "struct{}",
        }.items():
            self.assertEqual(type_of(value), type_, value)

    def test_names(self):
        for name in ("a", "A1", "_a", "größe", "n2_"):
            self.assertTrue(is_name(name), name)
        for name in ("", "1a", "a-b", "a b", "var", "_", "main", "init", "int", "len", "nil", "error", "a\n", "a;b"):
            self.assertFalse(is_name(name), name)


if __name__ == "__main__":
    unittest.main()
