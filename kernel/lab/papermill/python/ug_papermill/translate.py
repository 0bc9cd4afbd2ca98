"""Values of Python as values of Go."""

import math
import numbers
import re

from papermill.exceptions import PapermillException
from papermill.models import Parameter
from papermill.translators import Translator

from .declared import FLOATS, INTS, declarations, is_name


class GoTranslator(Translator):
    """Writes the cell with the parameters of a Go notebook.

    A name that the notebook's cell tagged "parameters" declares is declared again in the same form and of
    the same type; its value has to fit. Other names become variables of the type that the value has:
    int, float64, string, bool, slices and maps of one type where all elements have it, else of any.
    """

    _declared = {}  # by name, of the notebook that is being translated

    @classmethod
    def read(cls, nb):
        """Notes what a notebook declares, for the cell that is written next."""
        cls._declared = {}
        for cell in nb.cells:
            if "parameters" in cell.metadata.get("tags", []):
                cls._declared = {d.name: d for d in declarations(cell.source)}
                return

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        declared, cls._declared = cls._declared, {}
        above, body = [], []
        for name, value in parameters.items():
            if not is_name(name):
                raise PapermillException(f"parameter {name!r} is no name of Go: letters, digits and _, no keyword")
            d = declared.get(name)
            lines = body if d is not None and (d.body or d.form == ":=") else above
            try:
                lines.append(declaration(name, value, d))
            except ValueError as e:
                raise PapermillException(f"parameter {name}: {e}") from None
        if any(d.body for d in declared.values()) and body:
            above.append("%%")
        return "\n".join([cls.comment(comment)] + above + body) + "\n"

    @classmethod
    def translate(cls, val):
        """The expression for a value, without regard to what the notebook declares."""
        try:
            return expression(val, "")
        except ValueError as e:
            raise PapermillException(str(e)) from None

    @classmethod
    def comment(cls, cmt_str):
        return "\n".join(f"// {line}".rstrip() for line in cmt_str.splitlines() or [""])

    @classmethod
    def assign(cls, name, str_val):
        return f"var {name} = {str_val}"

    @classmethod
    def inspect(cls, parameters_cell):
        return [Parameter(d.name, d.type or "None", d.value, d.help) for d in declarations(parameters_cell["source"])]


def declaration(name, value, declared=None):
    """The statement that declares a parameter."""
    if declared is None:
        type_ = infer(value)
        if type_ in ("int", "string", "bool") or "[" in type_:
            return f"var {name} = {literal(value, type_)}"
        return f"var {name} {type_} = {literal(value, type_)}"
    type_ = declared.type or infer(value)
    if declared.form == ":=":
        return f"{name} := {expression(value, type_)}"
    text = literal(value, type_)
    if declared.form == "const":
        if not _CONSTANT.fullmatch(text):
            raise ValueError(f"it is a constant, {value!r} cannot be one; declare it by var")
        if type_ in ("int", "float64", "string", "bool"):
            return f"const {name} = {text}"  # these are the types of constants without a type
    return f"{declared.form} {name} {type_} = {text}"


_CONSTANT = re.compile(r'[-+\w.]+|".*"')


def infer(value):
    """The type that a value has in Go."""
    if value is None:
        return "any"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, numbers.Integral):
        return "int" if -(1 << 63) <= int(value) < 1 << 63 else "uint64"
    if isinstance(value, numbers.Real):
        return "float64"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (list, tuple)):
        return "[]" + common(value)
    if isinstance(value, dict):
        keys = {type(k) for k in value}
        return f"map[{'int' if keys == {int} else 'string'}]" + common(value.values())
    raise ValueError(f"values of type {type(value).__name__} cannot be given to Go; use numbers, strings, bools, lists and dicts")


def common(values):
    """The type that all values have in Go, where whole numbers may stand for others; else any."""
    types = {infer(v) for v in values}
    if len(types) > 1:
        types = {re.sub(r"\bint$", "float64", t) for t in types}
    return types.pop() if len(types) == 1 else "any"


def expression(value, type_):
    """An expression that has a type wherever it stands; with "" the type that the value has."""
    type_ = type_ or infer(value)
    text = literal(value, type_)
    if type_ in ("int", "string", "bool") or "[" in type_ and value is not None:
        return text
    if type_ == "float64" and (text.startswith("math.") or re.search(r"[.e]", text)):
        return text
    return f"({type_})({text})" if type_.startswith("*") else f"{type_}({text})"


def literal(value, type_):
    """A value that can be assigned to a variable of a type."""
    if type_ in INTS:
        return integer(value, type_)
    if type_ in FLOATS:
        return real(value, type_)
    if type_ == "string":
        if not isinstance(value, str):
            raise ValueError(f"it is a string, {value!r} is none; from the command line pass it by -r")
        return quote(value)
    if type_ == "bool":
        if value in ("true", "false"):  # Go's words, which papermill's -p hands on as text
            return value
        if infer(value) != "bool":
            raise ValueError(f"it is a bool, {value!r} is none")
        return "true" if value else "false"
    if type_ == "time.Duration":
        return duration(value)
    if type_ in ("any", "interface{}", "interface {}"):
        return "nil" if value is None else expression(value, "")
    slice_ = re.fullmatch(r"\[(\w*)\](.+)", type_)
    if slice_:
        return elements(value, type_, slice_.group(1), slice_.group(2))
    map_ = re.fullmatch(r"map\[([\w.]+)\](.+)", type_)
    if map_:
        return entries(value, type_, *map_.groups())
    if type_.startswith("*"):
        if value is not None:
            raise ValueError(f"it is a {type_}, of which papermill can only set None")
        return "nil"
    if isinstance(value, (list, tuple, dict)) or value is None:
        raise ValueError(f"it is a {type_}, of which papermill can set no {type(value).__name__}; declare numbers, strings, bools, slices or maps")
    text = literal(value, infer(value))  # a type that is based on another: a constant fits
    return text if _CONSTANT.fullmatch(text) else f"{type_}({text})"


def elements(value, type_, size, of):
    if value is None and not size:
        return "nil"
    if not isinstance(value, (list, tuple)) or size.isdigit() and int(size) != len(value):
        raise ValueError(f"it is a {type_}, {value!r} is none")
    return f"{type_}{{{', '.join(literal(v, of) for v in value)}}}"


def entries(value, type_, key, of):
    if value is None:
        return "nil"
    if not isinstance(value, dict):
        raise ValueError(f"it is a {type_}, {value!r} is none")

    def name(k):
        if key in INTS or key in FLOATS or key == "bool":
            return literal(k, key)
        return quote(k if isinstance(k, str) else literal(k, infer(k)))

    return f"{type_}{{{', '.join(f'{name(k)}: {literal(v, of)}' for k, v in value.items())}}}"


def integer(value, type_):
    bits, signed = INTS[type_]
    if type_ == "rune" and isinstance(value, str) and len(value) == 1:
        value = ord(value)
    if infer(value) == "float64" and float(value).is_integer():
        value = int(value)
    if infer(value) not in ("int", "uint64"):
        raise ValueError(f"it is an {type_}, {value!r} is none")
    value = int(value)
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if not least <= value <= most:
        raise ValueError(f"{value} does not fit into {type_}, from {least} to {most}; pass it as a string or a float")
    return str(value)


def real(value, type_):
    if infer(value) not in ("int", "uint64", "float64"):
        raise ValueError(f"it is a {type_}, {value!r} is none")
    value = float(value)
    if math.isnan(value):
        text = "math.NaN()"
    elif math.isinf(value):
        text = f"math.Inf({'-' if value < 0 else ''}1)"
    elif value == 0 and math.copysign(1, value) < 0:
        text = "math.Copysign(0, -1)"
    else:
        if type_ == "float32" and abs(value) > 3.4028235677973366e38:
            raise ValueError(f"{value} does not fit into float32")
        return repr(value)
    return text if type_ == "float64" else f"{type_}({text})"


_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def duration(value):
    """A time.Duration, of its nanoseconds or of a text such as 1h30m."""
    if isinstance(value, str):
        parts = re.findall(r"(\d+)(?:\.(\d+))?(ns|us|µs|μs|ms|s|m|h)", value)
        sign = -1 if value.startswith("-") else 1
        if not parts or "".join(w + ("." + f if f else "") + u for w, f, u in parts) != value.lstrip("+-"):
            raise ValueError(f"it is a time.Duration, {value!r} is none; write it like 90s or 1h30m")
        value = sign * sum(int(w) * _UNITS[u] + (int(f) * _UNITS[u] // 10 ** len(f) if f else 0) for w, f, u in parts)
    return integer(value, "int64")


_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", '"': r"\"", "\\": r"\\"}


def quote(s):
    """A string of Go. What Python has put in place of single bytes becomes these bytes again."""
    out = []
    for c in s:
        n = ord(c)
        if c in _ESCAPES:
            out.append(_ESCAPES[c])
        elif 0xDC80 <= n <= 0xDCFF:
            out.append(f"\\x{n - 0xDC00:02x}")
        elif 0xD800 <= n <= 0xDFFF:
            out.append(r"\ufffd")
        elif c.isprintable():
            out.append(c)
        elif n < 0x80:
            out.append(f"\\x{n:02x}")
        else:
            out.append(f"\\u{n:04x}" if n < 0x10000 else f"\\U{n:08x}")
    return '"' + "".join(out) + '"'
