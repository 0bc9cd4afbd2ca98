"""Golden ids of the Hugging Face tokenizers library (0.22.2) for BPE with metaspace and byte fallback.

    python3 make_metaspace.py      # in this folder; needs: pip install tokenizers==0.22.2

Trains one small vocabulary of the kind of Llama, Mistral and Phi-3 and writes it in three forms, each with texts, ids (without and with the
frame of the post-processor) and decoded texts:
  prepend.*   normalisers Prepend and Replace, as in the hub's Mistral and Phi-3 files; frame <s>
  first.*     pre-tokenizer Metaspace, prepend_scheme first, split false, as newer conversions write; frame <s> ... </s>
  always.*    pre-tokenizer Metaspace with its defaults, and its decoder
"""
import json, random
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

R = random.Random(11)
streets = ["North Market Street", "East 5th Street", "Elm Lane", "Carrer de la Vall", "Avinguda Meritxell", "King's Road", "Rue de l'Église"]
kinds = ["restaurant", "primary school", "parking", "park", "pharmacy", "crossing with traffic signals", "café"]
corpus = [f"Facing {R.choice(['north', 'east', 'southwest'])} on {R.choice(streets)},  a {R.choice(['primary', 'residential'])} road.\n{R.choice(['Ahead', 'Left'])}, {5*R.randint(1,24)} m: {R.choice(kinds)}." for _ in range(400)]
corpus += ["if x:\n    return  y" + " " * n for n in range(9)] * 3

meta = "\u2581"
special = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
t.normalizer = normalizers.Sequence([normalizers.Prepend(meta), normalizers.Replace(" ", meta)])
# Trained in words, so that no token leads into a meta symbol, as SentencePiece trains; the pre-tokenizer is then taken away.
t.pre_tokenizer = pre_tokenizers.Metaspace(replacement=meta, prepend_scheme="never", split=True)
t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=480, special_tokens=special, show_progress=False))
spec = json.loads(t.to_str())
vocab, merges = spec["model"]["vocab"], spec["model"]["merges"]
for n in (2, 4):                                     # runs of spaces, which SentencePiece keeps as tokens
    vocab[meta * n] = len(vocab); merges.append([meta * (n // 2)] * 2)
spec["added_tokens"] = [a for a in spec["added_tokens"] if not a["content"].startswith("<0x")]
for i, (c, kw) in enumerate([("<image>", {}), ("<|end|>", {"rstrip": True}), ("<nope>", {"normalized": True}), ("<plain>", {"special": False})]):
    spec["added_tokens"].append({"id": len(vocab) + i, "content": c, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **kw})
spec["pre_tokenizer"] = None

def frame(*ids): return {"type": "TemplateProcessing", "single": [x for x in ids], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {s: {"id": s, "ids": [vocab[s]], "tokens": [s]} for s in ("<s>", "</s>")}}
A, B, E = {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}
chain = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": meta}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
space = lambda scheme, split: {"type": "Metaspace", "replacement": meta, "prepend_scheme": scheme, "split": split}
forms = {
    "prepend": {"post_processor": frame(B, A), "decoder": chain},
    "first": {"normalizer": None, "pre_tokenizer": space("first", False), "post_processor": frame(B, A, E), "decoder": chain},
    "always": {"normalizer": None, "pre_tokenizer": space("always", True), "post_processor": None, "decoder": space("always", True)},
}
BITS = list("abcxyz01 .,;:'-()<>") + ["  ", "   ", "     ", "\n", "\r\n", "\t", "\u00a0", "\u3000", meta, meta * 2, " " + meta, "North", "Market", " Street", "ing", "café", "e\u0301",
    "\u4e2d\u6587", "\u05d0\u05b7", "\u0628\u064e", "\u0915\u093f", "\U0001f469\u200d\U0001f467", "\U0001f1e6\U0001f1e9", "\ufffd", "\x00", "\x7f", "<s>", "</s>", "<unk>", "<image>", "<|end|>", "<nope>", "<plain>", "<0x0A>", "<im", "e>"]
texts = ["", " ", "  ", "a", " a", "Facing north on Elm Lane.", "<image>\nUSER: hi </s><s>", "<|end|>  x", "x" * 300 + " " * 70, "ab " * 200, "\n" * 90, "é" * 70, meta * 33 + "b"]
texts += ["".join(R.choice(BITS) for _ in range(R.randint(1, 40))) for _ in range(120)]
for name, change in forms.items():
    t = Tokenizer.from_str(json.dumps({**spec, **change}))
    json.dump({**spec, **change}, open(f"{name}.tokenizer.json", "w"), ensure_ascii=False, indent=1)
    rows = []
    for s in texts:
        ids = t.encode(s, add_special_tokens=False).ids
        # what random ids decode to shows broken byte runs
        loose = [R.randrange(t.get_vocab_size()) for _ in range(12)] + [R.randrange(3, 259) for _ in range(4)]
        rows.append({"text": s, "ids": ids, "framed": t.encode(s).ids, "decoded": t.decode(ids, skip_special_tokens=False), "plain": t.decode(ids),
            "loose": loose, "loosely": t.decode(loose, skip_special_tokens=False)})
    json.dump(rows, open(f"{name}.ids.json", "w"), ensure_ascii=True)
