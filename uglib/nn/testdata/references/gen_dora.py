"""DoRA on one linear layer in plain torch, by the formula of PEFT's DoraLinearLayer (0.21: the length of a row takes no gradient, the bias stays out of
the scale): output, gradients, merged weight, with the plain and the rank-stabilised scale.  Needs torch alone.  python gen_dora.py OUT.safetensors"""
import json, math, struct, sys
import torch
F = torch.nn.functional


def save(path, tensors):
    """A safetensors file, so that torch is all that is needed."""
    head, blobs, at = {}, [], 0
    for name in sorted(tensors):
        x = tensors[name].detach().float().contiguous()
        blob = x.numpy().tobytes()
        head[name] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob); at += len(blob)
    text = json.dumps(head).encode(); text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


g = torch.Generator().manual_seed(7)
draw = lambda *shape: torch.randn(*shape, generator=g)
rank, inside, outside = 4, 12, 10
w, bias, x, weight_of_loss = draw(outside, inside) * 0.3, draw(outside), draw(2, 5, inside), draw(2, 5, outside)
a0, b0, m0 = draw(rank, inside) * 0.2, draw(outside, rank) * 0.2, draw(outside).abs() + 0.5
out = {"w": w, "bias": bias, "x": x, "weight_of_loss": weight_of_loss, "a": a0, "b": b0, "m": m0, "start": torch.linalg.norm(w, dim=1)}
for name, scale in {"plain": 8 / rank, "rs": 8 / math.sqrt(rank)}.items():
    a, b, m, xi = (v.clone().requires_grad_() for v in (a0, b0, m0, x))
    length = torch.linalg.norm(w + scale * (b @ a).detach(), dim=1).detach()
    factor = (m / length).view(1, -1)
    y = F.linear(xi, w, bias) + (factor - 1) * F.linear(xi, w) + factor * F.linear(F.linear(xi, a), b) * scale
    (y * weight_of_loss).sum().backward()
    out |= {f"{name}.y": y, f"{name}.d_a": a.grad, f"{name}.d_b": b.grad, f"{name}.d_m": m.grad, f"{name}.d_x": xi.grad,
            f"{name}.merged": (m / length).view(-1, 1) * (w + scale * b @ a)}
save(sys.argv[1], out)
