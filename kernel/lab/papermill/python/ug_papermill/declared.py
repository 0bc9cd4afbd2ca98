"""What a cell of Go declares: names, their types and values, as far as the text tells."""

import re
from dataclasses import dataclass

KEYWORDS = frozenset(
    "break case chan const continue default defer else fallthrough for func go goto if import interface "
    "map package range return select struct switch type var".split()
)
PREDECLARED = frozenset(
    "any append bool byte cap clear close comparable complex complex128 complex64 copy delete error false float32 "
    "float64 imag int int16 int32 int64 int8 iota len make max min new nil panic print println real recover rune "
    "string true uint uint16 uint32 uint64 uint8 uintptr".split()
)
_REFUSED = KEYWORDS | PREDECLARED | {"_", "main", "init"}
INTS = {f"{u}int{n}": (n, not u) for u in ("", "u") for n in (8, 16, 32, 64)}  # bits, and whether signed
INTS.update(int=(64, True), uint=(64, False), uintptr=(64, False), byte=(8, False), rune=(32, True))
FLOATS = {"float32", "float64"}


@dataclass(frozen=True)
class Declared:
    """A name, how it is declared, its type ("" where the text does not tell) and its value."""

    name: str
    form: str  # var, const or :=
    type: str
    value: str
    help: str = ""
    body: bool = False  # stands below a line with %%


def is_name(name):
    """Whether a parameter of this name can be declared in Go."""
    return bool(re.fullmatch(r"[^\W\d]\w*", name)) and name not in _REFUSED


def declarations(source):
    """What a cell declares at its top, in order. What cannot be read is left out."""
    parts = [[]]
    for line in source.splitlines():
        if re.match(r"\s*(%%|%main\b)", line):
            parts.append([])
        elif not re.match(r"\s*[%!]", line):
            parts[-1].append(line)
    found = []
    for i, lines in enumerate(parts):
        for statement in _statements(list(_tokens("\n".join(lines) + "\n"))):
            found += statement.names(body=i > 0)
    return found


@dataclass
class _Token:
    text: str
    kind: str  # comment, string, word, mark, end (of a statement)
    space: bool  # stands behind space


_SCANNER = re.compile(
    r"(?P<space>[ \t\r]+)|(?P<newline>\n)"
    r"|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])*')"
    r"|(?P<word>\.?\d[\w.]*(?:(?<=[eE])[-+]\d+)?|[^\W\d][\w.]*)"
    r"|(?P<mark>:=|[=!<>]=|\.\.\.|.)",
    re.DOTALL,
)
_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


def _tokens(source):
    """The tokens of Go, with the ends of statements put in as the language says."""
    last, space = None, False
    for m in _SCANNER.finditer(source):
        kind, text = m.lastgroup, m.group()
        if kind == "newline":
            ends = last is not None and (last.kind in ("word", "string") or last.text in (")", "]", "}"))
            if ends:
                last = _Token(text, "end", False)
                yield last
        elif kind == "comment":
            yield _Token(text, kind, space)
        elif kind != "space":
            last = _Token(text, "end" if text == ";" else kind, space)
            yield last
        space = kind in ("space", "newline")


class _Statement:
    """A statement at the top of a cell or of a group in brackets."""

    def __init__(self, tokens, before):
        self.all = tokens
        self.tokens = [t for t in tokens if t.kind != "comment"]
        comments = [t.text for t in tokens if t.kind == "comment"] or before
        words = (re.sub(r"\A//\s*|\A/\*\s*|\s*\*/\Z", "", c).strip() for c in comments)
        self.help = " ".join(w for w in words if w)

    def names(self, body):
        """The names that the statement declares."""
        first = self.tokens[0].text
        if first in ("var", "const") and len(self.tokens) > 1:
            if self.tokens[1].text != "(":
                return self.declared(first, self.tokens[1:], "=", body)
            inside = self.all[[t.text for t in self.all].index("(") + 1 :]
            if inside and inside[-1].text == ")":
                inside.pop()
            return [d for s in _statements(inside) for d in s.declared(first, s.tokens, "=", body)]
        if len(_split(self.tokens, ":=")) == 2:
            return self.declared(":=", self.tokens, ":=", body)
        return []

    def declared(self, form, tokens, mark, body):
        """The names of one specification, such as a, b T = 1, 2."""
        left, *right = _split(tokens, mark)
        names = _split(left, ",")
        values = [_text(v) for v in _split(right[0], ",")] if right else []
        if not all(names) or any(len(n) > 1 for n in names[:-1]):
            return []
        type_ = _text(names[-1][1:])
        found = []
        for i, name in enumerate(names):
            if name[0].kind == "word" and is_name(name[0].text):
                value = values[i] if len(values) == len(names) else ""
                found.append(Declared(name[0].text, form, type_ or type_of(value), value, self.help, body))
        return found


def _statements(tokens):
    """The statements that tokens make up; what stands in brackets is part of one."""
    statement, before, depth = [], [], 0
    for t in tokens + [_Token("", "end", False)]:
        if t.kind == "comment" and not statement:
            before.append(t.text)
            continue
        if t.kind == "mark":
            depth += _DEPTH.get(t.text, 0)
        if t.kind != "end" or depth > 0 and t.text:
            statement.append(t)
            continue
        if any(t.kind not in ("comment", "end") for t in statement):
            yield _Statement(statement, before)
        statement, before, depth = [], [], 0


def _split(tokens, mark):
    """Tokens split at a mark that stands within no brackets."""
    parts, depth = [[]], 0
    for t in tokens:
        if t.kind == "mark":
            depth += _DEPTH.get(t.text, 0)
            if depth == 0 and t.text == mark:
                parts.append([])
                continue
        parts[-1].append(t)
    return parts


def _text(tokens):
    """The source of tokens, on one line."""
    out = ""
    for t in tokens:
        out += (" " if t.space and out else "") + (";" if t.kind == "end" else t.text)
    return out


_INT = re.compile(r"[-+]?(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][\d_]*)")
_FLOAT = re.compile(r"[-+]?(\d[\d_]*\.[\d_]*|\.\d[\d_]*|\d[\d_]*(?=[eE]))([eE][-+]?\d+)?")
_STRING = re.compile(r'("(\\.|[^"\\])*"|`[^`]*`)(\s*\+\s*("(\\.|[^"\\])*"|`[^`]*`))*', re.DOTALL)
_RUNE = re.compile(r"'(\\[^']+|\\'|[^'\\])'")
_TYPE = re.compile(r"(\[[\w.]*\]|\*|map\[[\w.*]+\])*([^\W\d][\w.]*(\[[\w., ]+\])?|interface ?\{\}|struct ?\{\})")
_UNITS = re.compile(r"\btime\.(Nanosecond|Microsecond|Millisecond|Second|Minute|Hour)\b")
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|\'(?:\\.|[^\'\\\n])*\'')


def type_of(value):
    """The type of an expression, "" where its text does not tell."""
    for pattern, type_ in ((_INT, "int"), (_FLOAT, "float64"), (_STRING, "string"), (_RUNE, "rune")):
        if pattern.fullmatch(value):
            return type_
    if value in ("true", "false"):
        return "bool"
    if _UNITS.search(value) and re.fullmatch(r"[\w\s.*/+-]+", value):
        return "time.Duration"
    if value.endswith("}"):
        type_ = value[: _opening(value, "{", "}")]
        if _TYPE.fullmatch(type_) and type_ not in KEYWORDS:
            return type_
    if value.endswith(")"):
        called = value[: _opening(value, "(", ")")]
        if called in INTS or called in FLOATS or called in ("string", "bool", "time.Duration"):
            return called
        if called in ("math.NaN", "math.Inf", "math.Sqrt", "math.Log", "math.Exp", "math.Pow"):
            return "float64"
    return "float64" if value in ("math.Pi", "math.E") else ""


def _opening(value, open_, close):
    """Where the bracket opens that the last character closes."""
    bare = _QUOTED.sub(lambda m: "_" * len(m.group()), value)
    depth = 0
    for i in range(len(bare) - 1, -1, -1):
        depth += {close: 1, open_: -1}.get(bare[i], 0)
        if depth == 0:
            return i
    return 0
