"""Embeds the rows of a tiny reference model with adapters of ours, and makes adapters of PEFT's with the vectors that they give.
python adapters.py '{"model": folder, "load": [adapter...], "make": {adapter: keywords of LoraConfig}}'     (to load "-" is the model alone)
Standard output is JSON: {"peft": version, "transformers": version, "vectors": {adapter: floats}}.

PHI3V_PKG names the folder phi3v_pkg that setup_phi3v.sh beside phi3v's test data makes: Phi-3-Vision's class is its authors', not in transformers."""
import json, os, sys
os.environ.setdefault("HF_HUB_OFFLINE", "1"); os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../qwen2vl/testdata"))
from common import hash_pixels, load_file, pool_last, torch, transformers
import peft


def qwen(folder):
    model = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    grids = inputs["image_grid_thw"].long()
    return model, dict(pixel_values=hash_pixels((int(grids.prod(1).sum()), 1176)), image_grid_thw=grids)


def llava(folder):
    model = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    crops = inputs["num_crops"].tolist(); pixels = hash_pixels((len(crops), max(crops), 3, 56, 56), seed=3)
    return model, dict(pixel_values=pixels, image_sizes=inputs["image_sizes"].long(), vision_feature_layer=-2, vision_feature_select_strategy="default")


def phi(folder):
    """The class of Phi-3-Vision's authors, with the tower that gen_phi3v.py gives it: its width is a constant in their code."""
    sys.path.insert(0, os.environ["PHI3V_PKG"])
    import phi3v_ref.image_embedding_phi3_v as embedding
    config = json.load(open(folder + "/config.json"))
    embedding.CLIP_VIT_LARGE_PATCH14_336_CONFIG = transformers.CLIPVisionConfig(**config.pop("x_tiny_clip"), hidden_act="quick_gelu", layer_norm_eps=1e-5,
        projection_dim=8, attn_implementation="eager")
    from phi3v_ref.configuration_phi3_v import Phi3VConfig
    from phi3v_ref.modeling_phi3_v import Phi3VForCausalLM
    config = Phi3VConfig(**{k: v for k, v in config.items() if k not in ("model_type", "architectures")})
    config._attn_implementation, config.pad_token_id = "eager", None
    model = Phi3VForCausalLM(config).float()
    missing, surplus = model.load_state_dict(load_file(folder + "/model.safetensors"), strict=False)
    assert not surplus and all(k == "model.vision_embed_tokens.wte.weight" or k.endswith("position_ids") for k in missing), (missing, surplus)
    return model, dict(pixel_values=hash_pixels((2, 3, 3, 336, 336), seed=9), image_sizes=inputs["image_sizes"].long())


def embed(model, kw):
    with torch.no_grad():
        h = model.eval().model(input_ids=ids.clone(), attention_mask=mask, use_cache=False, return_dict=True, **kw).last_hidden_state   # Phi's changes its ids
    return pool_last(h, mask).flatten().tolist()


def stir(model):
    """Moves the terms away from where they start: with B = 0 an adapter changes nothing."""
    g = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for n, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=g)
            if "lora_magnitude" in n: p.mul_(1 + 0.3 * noise)
            elif "lora_" in n: p.copy_(0.1 * noise)


job = json.loads(sys.argv[1]); folder, out = job["model"], {}
inputs = load_file(folder + "/inputs.safetensors"); ids, mask = inputs["input_ids"].long(), inputs["attention_mask"].long()
family = {"qwen2_vl": qwen, "qwen2_5_vl": qwen, "llava_next": llava, "phi3_v": phi}[json.load(open(folder + "/config.json"))["model_type"]]
for adapter in job["load"]:
    model, kw = family(folder)
    if adapter != "-":
        model = peft.PeftModel.from_pretrained(model, adapter).base_model.model
        loaded = {n for n, _ in model.named_parameters() if "lora_" in n}
        assert len(loaded) == len(load_file(adapter + "/adapter_model.safetensors")), loaded
    out[adapter] = embed(model, kw)
for adapter, keywords in job["make"].items():
    model, kw = family(folder)
    model = peft.get_peft_model(model, peft.LoraConfig(**keywords)); stir(model); model.save_pretrained(adapter)
    out[adapter] = embed(model.base_model.model, kw)
print(json.dumps({"peft": peft.__version__, "transformers": transformers.__version__, "vectors": out}))
