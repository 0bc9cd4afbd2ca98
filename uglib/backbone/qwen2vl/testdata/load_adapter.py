"""Embeds the rows of inputs.safetensors with transformers' model of a folder and each adapter of a list, as JSON.
python load_adapter.py MODEL ADAPTER...      (an ADAPTER of - is the model alone)

PEFT applies the adapters where it is installed.  Elsewhere they are applied by hand, by what PEFT's files mean: target_modules as a list of paths or
suffixes or as one regular expression over the whole path, base_model.model.{path}.lora_{A,B}.weight, lora_magnitude_vector; "by" says which."""
import json, math, os, re, sys
os.environ.setdefault("HF_HUB_OFFLINE", "1"); os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import hash_pixels, load_file, pool_last, torch, transformers
try:
    import peft
except ImportError:
    peft = None
from transformers import AutoModelForImageTextToText


class Layer(torch.nn.Module):
    """A linear layer with its terms, as PEFT computes it in evaluation."""
    def __init__(self, base, scale, a, b, m):
        super().__init__()
        self.base, self.scale, self.a, self.b, self.m = base, scale, a, b, m

    def forward(self, x):
        low = x @ self.a.T @ self.b.T * self.scale
        if self.m is None:
            return self.base(x) + low
        factor = self.m / torch.linalg.norm(self.base.weight + self.scale * self.b @ self.a, dim=1)
        return self.base(x) + (factor - 1) * (x @ self.base.weight.T) + factor * low


def by_hand(model, folder):
    c = json.load(open(folder + "/adapter_config.json")); left = load_file(folder + "/adapter_model.safetensors")
    scale = c["lora_alpha"] / (math.sqrt(c["r"]) if c["use_rslora"] else c["r"]); t = c["target_modules"]
    hit = (lambda n: re.fullmatch(t, n)) if isinstance(t, str) else (lambda n: any(n == s or n.endswith("." + s) for s in t))
    for name in [n for n, layer in model.named_modules() if isinstance(layer, torch.nn.Linear) and hit(n)]:
        parent, _, last = name.rpartition("."); key = "base_model.model." + name
        m = left.pop(key + ".lora_magnitude_vector") if c["use_dora"] else None
        setattr(model.get_submodule(parent), last, Layer(model.get_submodule(name), scale, left.pop(key + ".lora_A.weight"), left.pop(key + ".lora_B.weight"), m))
    assert not left, f"no layer for {list(left)}"
    return model


folder, out = sys.argv[1], {}
i = load_file(folder + "/inputs.safetensors"); ids, mask, thw = (i[k].long() for k in ("input_ids", "attention_mask", "image_grid_thw"))
pixels = hash_pixels((int(thw.prod(1).sum()), 1176))
for adapter in sys.argv[2:]:
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    kw = {"mm_token_type_ids": (ids == model.config.image_token_id).int()} if transformers.__version__ >= "5" else {}
    if adapter != "-" and peft:
        model = peft.PeftModel.from_pretrained(model, adapter).base_model.model
        loaded = {n for n, _ in model.named_parameters() if "lora_" in n}
        assert len(loaded) == len(load_file(adapter + "/adapter_model.safetensors")), loaded
    elif adapter != "-":
        model = by_hand(model, adapter)
    with torch.no_grad():
        h = model.eval().model(input_ids=ids, attention_mask=mask, pixel_values=pixels, image_grid_thw=thw, use_cache=False, **kw).last_hidden_state
    out[adapter] = pool_last(h, mask).flatten().tolist()
print(json.dumps({"by": f"peft {peft.__version__}" if peft else "hand, PEFT is not installed", "transformers": transformers.__version__, "vectors": out}))
