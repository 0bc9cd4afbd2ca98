"""Prints cells that the translator writes, one JSON object a line, for a compiler to judge."""

import json
import math
import random
import sys

from test_translate import injected

SOURCES = [None, "n := 3\nx := 0.5\ns := `a`\n", "const n = 3\nconst x = 0.5\nconst s = `a`\n", "var n int64\nvar x float32\nvar s string\n%%\nd := time.Second\n"]
SCALARS = [0, 1, -1, 2**31, -(2**63), 0.5, -1e-300, 1e16, True, False, None, "", "a", math.nan, math.inf, -0.0]


def string(rng):
    return "".join(chr(rng.choice([rng.randrange(0x80), rng.randrange(0x20, 0x7F), rng.randrange(0x110000)])) for _ in range(rng.randrange(12)))


def value(rng, depth=0):
    kind = rng.randrange(10 if depth < 3 else 6)
    if kind < 4:
        return rng.choice(SCALARS)
    if kind < 6:
        return string(rng)
    if kind < 8:
        one = rng.choice(SCALARS)
        return [one if kind == 6 else value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {(string(rng) if kind == 8 else rng.randrange(-9, 9)): value(rng, depth + 1) for _ in range(rng.randrange(4))}


def main(seed, count):
    rng = random.Random(seed)
    for i in range(count):
        source = SOURCES[i % len(SOURCES)]
        s = string(rng)
        parameters = {"n": rng.randrange(-(2**40), 2**40), "x": rng.choice([1, 0.25, -1e9]), "s": s}
        if source is not None and "%%" in source:
            parameters["d"] = "1m5s"
        for k in range(3):
            parameters[f"v{k}"] = value(rng)
        # Bytes that are no text reach Python as halves of surrogates.
        raw = s.encode("utf-8", "surrogatepass") if not any(0xD800 <= ord(c) <= 0xDFFF for c in s) else None
        print(json.dumps({"cell": injected(parameters, source), "s": raw.hex() if raw is not None else None, "n": str(parameters["n"])}))


main(int(sys.argv[1]), int(sys.argv[2]))
