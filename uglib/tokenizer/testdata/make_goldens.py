"""Golden ids and merges of the Hugging Face tokenizers library (0.23.3) for the tests of package tokenizer.

    python3 make_goldens.py        # in this folder; needs: pip install tokenizers==0.23.3

Reads tiny_qwen.tokenizer.json (the last four lines of gen_tiny_qwen.py made it). Writes
  tricky.ids.json    texts of awkward characters, their ids and their decoded form
  flags.*            a tokenizer whose added tokens use single_word, lstrip, rstrip and normalized, texts, ids
  ignore.*           the same vocabulary with ignore_merges
  trained.json       corpus and the merges and vocabulary that BpeTrainer makes of it
"""
import json, random
from tokenizers import Tokenizer, AddedToken, Regex, models, normalizers, pre_tokenizers, decoders, trainers

PAT = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
R = random.Random(7)
BITS = list("abcXYZ01 .,;:'-_()<>|/\\\"!?") + ["  ", "   ", "\n", "\r\n", "\t", "\r", "\v", "\f", "\x1c", "\x85", "\u00a0", "\u2003", "\u2028", "\u3000", "\u200b", "\ufeff",
    "'s", "'S", "'\u017f", "'re", "'RE", "'vE", "'ll", "'lL", "'d", "'m", "'t", "'x", "\u2019s", "\u00e9", "e\u0301", "\u0301", "\u0323", "a\u0323\u0302", "\u1e9b\u0323", "\u212b", "\u2126", "\uac00", "\u1100\u1161\u11a8",
    "\u00b2", "\u2163", "\u0663", "\uff11", "\u4e2d", "\u6587", "\u05d0\u05b7", "\u0628\u064e", "\u0915\u093f", "\u0e19\u0e49", "\U0001f469\u200d\U0001f467", "\U0001f1e6\U0001f1e9", "\U00010400", "\U0001d7d8", "\ue000", "\U000f0000", "\x00", "\x7f",
    "<|im_end|>", "<|im_start|>", "<|image_pad|>", "<|graph_pad|>", "<|im_", "|>", "\u0344", "\u0958", "\u2adc", "\u00df", "\ufb01", "\u01c5", "\u02b0", "\u203f", "\u00aa", "\u0345", "\u0374", "\u037e", "\u1fef"]
tiny = Tokenizer.from_file("tiny_qwen.tokenizer.json")
texts = ["".join(R.choice(BITS) for _ in range(R.randint(1, 40))) for _ in range(400)]
texts += ["x" * 300 + " " * 70, "ab" * 200, "\n" * 90, "e" + "\u0301" * 40 + "\u0323" * 40, "aaaaaaaab" * 30, "\u1100" + "\u0308" * 33]

def row(t, s):
    ids = t.encode(s).ids
    return {"text": s, "ids": ids, "decoded": t.decode(ids, skip_special_tokens=False), "plain": t.decode(ids)}

def dump(name, rows): json.dump(rows, open(name, "w"), ensure_ascii=True)

dump("tricky.ids.json", [row(tiny, s) for s in texts])

spec = json.load(open("tiny_qwen.tokenizer.json"))
spec["model"]["ignore_merges"] = True
spec["model"]["vocab"]["\u0120surely"] = 400  # a token that no merge makes
for a in spec["added_tokens"]: a["id"] += 1     # the library numbers added tokens from the size of the vocabulary on
json.dump(spec, open("ignore.tokenizer.json", "w"), ensure_ascii=False, indent=2)
ign = Tokenizer.from_file("ignore.tokenizer.json")
dump("ignore.ids.json", [row(ign, s) for s in [" surely", "surely", " surely not surely", "He is  surely."] + texts[:20]])

spec = json.load(open("tiny_qwen.tokenizer.json"))
for i, (c, kw) in enumerate([("word", dict(single_word=True)), ("<l>", dict(lstrip=True)), ("<r>", dict(rstrip=True)), ("<lr>", dict(lstrip=True, rstrip=True)), ("caf\u00e9", dict(normalized=True)), ("<l", {}), ("<plain>", {})]):
    spec["added_tokens"].append({"id": 417 + i, "content": c, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": i < 4, **kw})
json.dump(spec, open("flags.tokenizer.json", "w"), ensure_ascii=False, indent=2)
fl = Tokenizer.from_file("flags.tokenizer.json")
flag_texts = ["word", "words word sword word_ (word)", "a <l> b", "a  \n <l><l> b", "a <r>  \n b", " <lr>  <lr>  <r>  <l>", "cafe\u0301 caf\u00e9", "<l <l> <l", "<plain> x<plain>", "  <r>word<l>  ", "wordword word\u0301 word\u00b2 word\u203f", "<r> "]
rows = []
for s in flag_texts: rows.append({"text": s, "ids": fl.encode(s).ids})
dump("flags.ids.json", rows)

corpus = []
streets = ["North Market Street", "East 5th Street", "Elm Lane", "Carrer de la Vall", "Avinguda Meritxell", "South College Avenue", "King's Road"]
kinds = ["restaurant", "primary school", "parking", "park", "pharmacy", "crossing with traffic signals", "caf\u00e9"]
for i in range(400):
    corpus.append(f"Facing {R.choice(['north','northeast','south','west'])} on {R.choice(streets)}, a {R.choice(['primary','residential','service'])} road. {R.choice(['Ahead','Left','Right'])}, {5*R.randint(1,24)} m: {R.choice(kinds)} {R.choice(streets)}.")
tok = Tokenizer(models.BPE()); tok.normalizer = normalizers.NFC()
tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PAT), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
tok.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=420, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
m = json.loads(tok.to_str())["model"]
json.dump({"corpus": corpus, "size": 420, "vocab": m["vocab"], "merges": m["merges"]}, open("trained.json", "w"), ensure_ascii=True)
