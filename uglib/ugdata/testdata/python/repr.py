"""Writes repr.json: strings with Python's own repr of each, for entities_test.go.

    python3 repr.py > repr.json
"""

import json
import random

random.seed(1)
texts = ["", "Elm Lane", "Joe's", 'The "Inn"', "Joe's \"Inn\"", "a\\b", "tab\there", "line\nbreak\r", "\x00\x1f\x7f", "\x80\x9f\xa0\xad", "مقهى القهوة",
         "南京东路", "🍕", "\u200b\u200e\u2028\u2029", "\ufeff", "\ue000", "e\u0301", "\U000e0001", "\U0010ffff", "ﬁ", "\u3000", "\u0378"]
ranges = [(0, 0x300), (0x300, 0x3000), (0x3000, 0xD800), (0xE000, 0x10000), (0x10000, 0x20000), (0xE0000, 0x110000)]
for _ in range(300):
    lo, hi = random.choice(ranges)
    texts.append("".join(chr(random.randrange(lo, hi)) for _ in range(random.randrange(1, 6))))
print(json.dumps([{"text": t, "repr": repr(t)} for t in texts]))
