"""Values of ConRFT's losses, gradients and optimiser in float64, for test/learn. Writes conrft.json beside itself.
Run with PyTorch 2.15: python conrft.py
"""
import json, math, pathlib
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
g = torch.Generator().manual_seed(7)
rnd = lambda *s: torch.randn(*s, generator=g).mul(1000).round().div(1000)
flat = lambda t: t.detach().reshape(-1).tolist()
out = {"torch": torch.__version__.split("+")[0]}

# temporal difference with a Monte-Carlo floor: E=2 critics, B=4
q, nq = rnd(2, 4).requires_grad_(), rnd(2, 4)
r, boot, mc = rnd(4), torch.tensor([1.0, 0.0, 1.0, 1.0]), torch.tensor([0.5, -9.0, 2.0, -math.inf])
y = r + 0.98 * boot * nq.min(0)[0]
yf = torch.maximum(y, mc)
loss = F.mse_loss(q, yf.expand(2, 4)); loss.backward()
out["td"] = dict(values=flat(q), nextValues=flat(nq), reward=flat(r), bootstrap=flat(boot), floor=[0.5, -9, 2, -1e30],
                 target=flat(y), floored=flat(yf), loss=loss.item(), gradient=flat(q.grad))

# Cal-QL: E=2, B=3, N=5 other actions
qd, qo, mc = rnd(2, 3).requires_grad_(), rnd(2, 3, 5).requires_grad_(), rnd(3)
b = torch.maximum(qo, mc[None, :, None])
gap = torch.logsumexp(torch.cat([b, qd[..., None]], -1), -1) - math.log(6) - qd
gap.mean().backward()
out["calQl"] = dict(data=flat(qd), other=flat(qo), mc=flat(mc), loss=gap.mean().item(), dataGradient=flat(qd.grad),
                    otherGradient=flat(qo.grad), boundRate=(qo < mc[None, :, None]).double().mean().item())

# consistency reconstruction: B=4, A=3, the last dimension unused, the second sample no target
p, a = rnd(4, 3).requires_grad_(), rnd(4, 3)
s, w = torch.tensor([80.0, 1.0, 0.5, 0.05]), torch.tensor([1.0, 0.0, 1.0, 0.5])
e = ((p - a) ** 2)[:, :2].mean(-1)
loss = (w * (s**-2 + 4) * e).sum() / w.sum(); loss.backward()
out["consistency"] = dict(predicted=flat(p), target=flat(a), sigma=flat(s), weight=flat(w), error=flat(e), loss=loss.item(), gradient=flat(p.grad))

# smooth L1 with weights
p, t, w = rnd(3, 2).mul(0.1).requires_grad_(), rnd(3, 2).mul(0.1), rnd(3, 2).abs()
loss = (F.smooth_l1_loss(p, t, beta=0.05, reduction="none") * w).mean(); loss.backward()
out["smoothL1"] = dict(predicted=flat(p), target=flat(t), weight=flat(w), loss=loss.item(), gradient=flat(p.grad))

# three steps of Adam and of AdamW, gradients given
for name, opt in (("adam", lambda ps: torch.optim.Adam(ps, 3e-3)), ("adamW", lambda ps: torch.optim.AdamW(ps, 3e-3, weight_decay=0.1))):
    x = rnd(4).requires_grad_(); start = flat(x); o = opt([x]); gs, xs = [], []
    for _ in range(3):
        x.grad = rnd(4); gs.append(flat(x.grad)); o.step(); xs.append(flat(x))
    out[name] = dict(start=start, gradients=gs, after=xs)

# clipping by norm, and the one-cycle learning rate
x = rnd(5).requires_grad_(); x.grad = rnd(5) * 3; before = flat(x.grad)
torch.nn.utils.clip_grad_norm_([x], 2.0)
out["clip"] = dict(before=before, after=flat(x.grad))
o = torch.optim.AdamW([x], 2e-3); s = torch.optim.lr_scheduler.OneCycleLR(o, 2e-3, total_steps=40, pct_start=0.15); lrs = []
for _ in range(40):
    lrs.append(o.param_groups[0]["lr"]); o.step()
    if len(lrs) < 40: s.step()
out["oneCycle"] = lrs

# the consistency head: c_skip, c_out, c_in, the noise levels, the sinusoid of sigma
sd, lo, hi = 0.5, 0.002, 80.0
i = torch.arange(40)
sig = (hi ** (1 / 7) + i / 39 * (lo ** (1 / 7) - hi ** (1 / 7))) ** 7
u = 250 * torch.log(sig)
f = torch.exp(-math.log(10000.0) * torch.arange(8) / 7)
e = u[:, None] * f
out["head"] = dict(sigmas=flat(sig), skip=flat(sd**2 / ((sig - lo) ** 2 + sd**2)), out=flat((sig - lo) * sd / (sig**2 + sd**2).sqrt()),
                   embedding=flat(torch.cat([e.sin(), e.cos()], -1)[[0, 20, 38]]))

# Dense -> LayerNorm -> tanh twice, Dense: forward and gradients
B, D, H, O = 3, 4, 5, 2
x = rnd(B, D)
shapes = [(D, H), (H,), (H,), (H,), (H, H), (H,), (H,), (H,), (H, O), (O,)]
ps = [rnd(*sh).requires_grad_() for sh in shapes]
h = x
for l in range(2):
    k, bias, scale, offset = ps[4 * l : 4 * l + 4]
    h = torch.tanh(F.layer_norm(h @ k + bias, (H,)) * scale + offset)
yv = h @ ps[8] + ps[9]
(yv**2).sum().backward()
out["mlp"] = dict(x=flat(x), parameters=sum((flat(p) for p in ps), []), y=flat(yv), gradient=sum((flat(p.grad) for p in ps), []))

pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1, allow_nan=False) + "\n")
