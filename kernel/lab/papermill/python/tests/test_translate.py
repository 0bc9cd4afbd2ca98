import math
import types
import unittest

from papermill.exceptions import PapermillException
from papermill.translators import papermill_translators
from ug_papermill import GoEngine, GoTranslator
from ug_papermill.translate import quote


class Cell(dict):
    """A cell as nbformat has them."""

    def __init__(self, source, *tags):
        super().__init__(source=source, metadata={"tags": list(tags)})
        self.source, self.metadata = source, self["metadata"]


def notebook(*cells):
    return types.SimpleNamespace(cells=list(cells), metadata={"language_info": {"name": "go"}, "kernelspec": {"name": "ug"}})


def injected(parameters, source=None, **more):
    """The cell that papermill would inject for parameters into a notebook with such a tagged cell."""
    if source is not None:
        GoEngine.nb_language(notebook(Cell("x := 1"), Cell(source, "parameters"), Cell("y := 2", "parameters")))
    return GoTranslator.codify(parameters, **more)


class Undeclared(unittest.TestCase):
    def test_values(self):
        for value, want in [
            (3, "var x = 3"),
            (-3, "var x = -3"),
            (2**63 - 1, "var x = 9223372036854775807"),
            (-(2**63), "var x = -9223372036854775808"),
            (2**63, "var x uint64 = 9223372036854775808"),
            (True, "var x = true"),
            (0.5, "var x float64 = 0.5"),
            (1.0, "var x float64 = 1.0"),
            (1e300, "var x float64 = 1e+300"),
            (5e-324, "var x float64 = 5e-324"),
            (math.nan, "var x float64 = math.NaN()"),
            (-math.inf, "var x float64 = math.Inf(-1)"),
            (-0.0, "var x float64 = math.Copysign(0, -1)"),
            (None, "var x any = nil"),
            ("a", 'var x = "a"'),
            ([1, 2], "var x = []int{1, 2}"),
            ((1, 2.5), "var x = []float64{1.0, 2.5}"),
            (["a"], 'var x = []string{"a"}'),
            ([True], "var x = []bool{true}"),
            ([[1], [2.5]], "var x = [][]float64{[]float64{1.0}, []float64{2.5}}"),
            ([1, "a", None, 2.0, [1]], 'var x = []any{1, "a", nil, 2.0, []int{1}}'),
            ([1, 2**63], "var x = []any{1, uint64(9223372036854775808)}"),
            ([], "var x = []any{}"),
            ({}, "var x = map[string]any{}"),
            ({"a": 1}, 'var x = map[string]int{"a": 1}'),
            ({"a": {"b": [1.5]}}, 'var x = map[string]map[string][]float64{"a": map[string][]float64{"b": []float64{1.5}}}'),
            ({1: "a"}, 'var x = map[int]string{1: "a"}'),
            ({1: "a", "b": 2, True: None}, 'var x = map[string]any{"1": nil, "b": 2}'),
        ]:
            self.assertEqual(injected({"x": value}), f"// Parameters\n{want}\n", value)

    def test_expressions(self):
        for value, want in [(3, "3"), (2.0, "2.0"), (2**63, "uint64(9223372036854775808)"), (None, "any(nil)"), ([1], "[]int{1}")]:
            self.assertEqual(GoTranslator.translate(value), want)
        self.assertEqual(GoTranslator.assign("x", "3"), "var x = 3")

    def test_refused(self):
        for parameters, why in [
            ({"x": 2**64}, "does not fit"),
            ({"x": -(2**63) - 1}, "does not fit"),
            ({"x": object()}, "cannot be given to Go"),
            ({"x": [b"a"]}, "cannot be given to Go"),
            ({"a-b": 1}, "no name of Go"),
            ({"func": 1}, "no name of Go"),
            ({"len": 1}, "no name of Go"),
        ]:
            with self.assertRaisesRegex(PapermillException, why):
                injected(parameters)


class AsDeclared(unittest.TestCase):
    SOURCE = """var n = 3
var lr, decay = 0.1, 1e-3
var small int8
var share float32 = 1
var names []string
var sizes = [2]int{1, 2}
var grid [][]float64
var table = map[int]float64{}
var any1 any
var wait = 5 * time.Second
var far Metres = 3
var flags map[Name]bool
var next *Node
var unknown = f()
var r = 'x'
var on = true
const seed = 42
const rate = 0.5
const limit int8 = 3
var name = "x"
"""

    def test_values(self):
        for name, value, want in [
            ("n", 7, "var n int = 7"),
            ("n", 7.0, "var n int = 7"),
            ("lr", 1, "var lr float64 = 1.0"),
            ("decay", 0.5, "var decay float64 = 0.5"),
            ("small", -128, "var small int8 = -128"),
            ("share", math.inf, "var share float32 = float32(math.Inf(1))"),
            ("names", ["a"], 'var names []string = []string{"a"}'),
            ("names", None, "var names []string = nil"),
            ("sizes", [3, 4], "var sizes [2]int = [2]int{3, 4}"),
            ("grid", [[1], []], "var grid [][]float64 = [][]float64{[]float64{1.0}, []float64{}}"),
            ("table", {1: 2}, "var table map[int]float64 = map[int]float64{1: 2.0}"),
            ("any1", [1, "a"], 'var any1 any = []any{1, "a"}'),
            ("any1", None, "var any1 any = nil"),
            ("wait", "1h30m0.5s", "var wait time.Duration = 5400500000000"),
            ("wait", "-2ms", "var wait time.Duration = -2000000"),
            ("wait", 7, "var wait time.Duration = 7"),
            ("far", 2, "var far Metres = 2"),
            ("far", 2.5, "var far Metres = 2.5"),
            ("far", math.nan, "var far Metres = Metres(math.NaN())"),
            ("flags", {"a": True}, 'var flags map[Name]bool = map[Name]bool{"a": true}'),
            ("next", None, "var next *Node = nil"),
            ("unknown", 2, "var unknown int = 2"),
            ("r", "ä", "var r rune = 228"),
            ("on", False, "var on bool = false"),
            ("on", "true", "var on bool = true"),
            ("on", "false", "var on bool = false"),
            ("seed", 7, "const seed = 7"),
            ("rate", 1, "const rate = 1.0"),
            ("limit", 7, "const limit int8 = 7"),
            ("name", "y", 'var name string = "y"'),
            ("other", 1, "var other = 1"),
        ]:
            self.assertEqual(injected({name: value}, self.SOURCE), f"// Parameters\n{want}\n", (name, value))

    def test_refused(self):
        for name, value, why in [
            ("n", 0.5, "is an int"),
            ("n", "7", "is an int"),
            ("n", True, "is an int"),
            ("n", None, "is an int"),
            ("small", 128, "does not fit into int8"),
            ("share", 1e300, "does not fit into float32"),
            ("lr", "x", "is a float64"),
            ("names", "a", r"is a \[\]string"),
            ("names", [1], "is a string.*-r"),
            ("sizes", [1], r"is a \[2\]int"),
            ("table", {"a": 1}, "is an int"),
            ("table", [1], "is a map"),
            ("wait", "soon", "is a time.Duration"),
            ("wait", "1h soon", "is a time.Duration"),
            ("far", [1], "is a Metres"),
            ("next", 1, r"is a \*Node"),
            ("on", 1, "is a bool"),
            ("name", 7, "is a string, 7 is none; from the command line pass it by -r"),
            ("rate", math.nan, "is a constant"),
        ]:
            with self.assertRaisesRegex(PapermillException, f"parameter {name}: it .*{why}|parameter {name}: .*{why}", msg=(name, value)):
                injected({name: value}, self.SOURCE)

    def test_forms(self):
        self.assertEqual(injected({"n": 7, "x": 1.5}, "n := 3\nx := 0.5\n"), "// Parameters\nn := 7\nx := 1.5\n")
        self.assertEqual(
            injected({"x": 1, "m": 2, "n": 7, "w": "1s"}, "var m = 1\n%%\nn := int8(3)\nvar x float64\nw := time.Second\n"),
            "// Parameters\nvar m int = 2\n%%\nvar x float64 = 1.0\nn := int8(7)\nw := time.Duration(1000000000)\n",
        )
        self.assertEqual(injected({"m": 2}, "var m = 1\n%%\nn := 3\n"), "// Parameters\nvar m int = 2\n")
        self.assertEqual(injected({"n": None}, "n := (*T)(nil)"), "// Parameters\nn := any(nil)\n")

    def test_only_the_first_tagged_cell_counts_and_only_once(self):
        self.assertEqual(injected({"y": 1.0}, "z := 1"), "// Parameters\nvar y float64 = 1.0\n")
        self.assertEqual(injected({"n": 1.0}, "n := 1"), "// Parameters\nn := 1\n")
        self.assertEqual(injected({"n": 1.0}), "// Parameters\nvar n float64 = 1.0\n")

    def test_other_languages(self):
        nb = notebook(Cell("n = 1", "parameters"))
        self.assertEqual(GoEngine.nb_language(nb, "python"), "python")
        self.assertEqual(injected({"n": 1.0}), "// Parameters\nvar n float64 = 1.0\n")


class Rest(unittest.TestCase):
    def test_strings(self):
        for s, want in [
            ('a"b\\', r'"a\"b\\"'),
            ("\n\t\r\x00\x7f", r'"\n\t\r\x00\x7f"'),
            ("äß\U0001f600", '"äß\U0001f600"'),
            ("\u2028\ufeff\u00a0\U000e0001", r'"\u2028\ufeff\u00a0\U000e0001"'),
            ("\udc80\ud800`$", r'"\x80\ufffd`$"'),
        ]:
            self.assertEqual(quote(s), want)

    def test_comment(self):
        self.assertEqual(injected({}, comment="a\nb"), "// a\n// b\n")
        self.assertEqual(GoTranslator.comment(""), "//")

    def test_inspect(self):
        found = GoTranslator.inspect({"source": "var n = 3 // how many\nx := f()\n"})
        self.assertEqual([tuple(p) for p in found], [("n", "int", "3", "how many"), ("x", "None", "f()", "")])

    def test_registered(self):
        self.assertIs(papermill_translators.find_translator("any kernel", "go"), GoTranslator)


if __name__ == "__main__":
    unittest.main()
