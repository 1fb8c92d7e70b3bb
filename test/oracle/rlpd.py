"""One whole RLPD step and one of HIL-SERL in float64, for test/learn: targets, losses, gradients, and what Adam makes of them.
Writes rlpd.json beside itself. Run with PyTorch 2.15: python rlpd.py
Written from the papers' equations with torch.distributions and torch.optim, not from this project's code.
"""
import json, math, pathlib
import torch
import torch.nn.functional as F
from torch.distributions import Independent, Normal, TanhTransform, TransformedDistribution

torch.set_default_dtype(torch.float64)
g = torch.Generator().manual_seed(11)
rnd = lambda *s: torch.randn(*s, generator=g).mul(1000).round().div(1000)
flat = lambda t: t.detach().reshape(-1).tolist()
out = {"torch": torch.__version__.split("+")[0]}

# tanh-squashed Gaussian: B=3, A=4, the third dimension unused; some log-std beyond its range
mean, raw, eps = rnd(3, 4).requires_grad_(), (rnd(3, 4) * 3).requires_grad_(), rnd(3, 4)
used = [0, 1, 3]
log_std = raw.clamp(-4.0, 2.0)
dist = TransformedDistribution(Independent(Normal(mean[:, used], log_std[:, used].exp()), 1), [TanhTransform(cache_size=1)])
act = torch.tanh(mean[:, used] + log_std[:, used].exp() * eps[:, used])
logp = dist.log_prob(act)
(logp * torch.tensor([1.0, -2.0, 0.5])).sum().backward()
out["tanhGaussian"] = dict(mean=flat(mean), rawLogStd=flat(raw), noise=flat(eps), action=flat(act), logProbability=flat(logp),
                           meanGradient=flat(mean.grad), logStdGradient=flat(raw.grad))

# double DQN: B=4, K=3
q, on, slow = rnd(4, 3).requires_grad_(), rnd(4, 3), rnd(4, 3)
r, boot, k = rnd(4), torch.tensor([1.0, 0.0, 1.0, 1.0]), torch.tensor([0, 2, 1, 1])
y = r + 0.97 * boot * slow.gather(1, on.argmax(1, keepdim=True))[:, 0]
loss = F.mse_loss(q.gather(1, k[:, None])[:, 0], y); loss.backward()
out["doubleQ"] = dict(values=flat(q), online=flat(on), slow=flat(slow), reward=flat(r), bootstrap=flat(boot), choice=flat(F.one_hot(k, 3).double()),
                      target=flat(y), loss=loss.item(), gradient=flat(q.grad))

# a whole step. Sizes of the test: A=7 of which two are used, embedding 3 + proprioception 4, hidden 6 and 5, B=4
A, D, H, B, USED = 7, 7, (6, 5), 4, [0, 1]
LR, GAMMA, TAU = 3e-4, 0.99, 0.05


def shapes(i, norm, o, members=None):
    s = []
    for a, b in zip((i, H[0]), H):
        s += [(a, b), (b,)] + ([(b,), (b,)] if norm else [])
    s += [(H[1], o), (o,)]
    return s if members is None else [(members, *x) if len(x) == 2 else (members, 1, *x) for x in s]


def net(ps, x, norm, act):
    ps = list(ps); h = x
    for _ in range(2):
        k, b = ps.pop(0), ps.pop(0)
        h = h @ k + b
        if norm:
            scale, offset = ps.pop(0), ps.pop(0)
            h = F.layer_norm(h, h.shape[-1:]) * scale + offset
        h = act(h)
    return h @ ps[0] + ps[1]


def policy(ps, obs, eps, norm, act, lo, hi):
    m, s = net(ps, obs, norm, act).split(A, -1)
    s = s.clamp(lo, hi)[:, USED]
    a = torch.tanh(m[:, USED] + s.exp() * eps[:, USED])
    d = TransformedDistribution(Independent(Normal(m[:, USED], s.exp()), 1), [TanhTransform(cache_size=1)])
    u = m[:, USED] + s.exp() * eps[:, USED]
    logp = (Independent(Normal(m[:, USED], s.exp()), 1).log_prob(u) - TanhTransform().log_abs_det_jacobian(u, a).sum(-1))
    assert torch.allclose(logp, d.log_prob(a), atol=1e-6)
    whole = torch.zeros(len(obs), A); whole = whole.index_copy(1, torch.tensor(USED), a)
    return whole, logp


def q(ps, obs, a, act):
    return net(ps, torch.cat([obs, a], -1), True, act).squeeze(-1)


def step(name, *, E, Z, C, actor_norm, act, lo, hi, form, alpha0, backup, sequential):
    mask = torch.zeros(A); mask[USED] = 1
    actor = [(rnd(*s) * 0.4).requires_grad_() for s in shapes(D, actor_norm, 2 * A)]
    critic = [(rnd(*s) * 0.4).requires_grad_() for s in shapes(D + A, True, 1, E)]
    target = [(rnd(*s) * 0.4) for s in shapes(D + A, True, 1, E)]
    lam = torch.tensor([math.log(alpha0) if form == "exp" else math.log(math.expm1(alpha0))]).requires_grad_()
    alpha = lambda: (lam.exp() if form == "exp" else F.softplus(lam))[0]
    # the layout of main/learn/nets/mlp.ts: the critics' first kernel is stored as the observation's rows, then the action's
    split = lambda ps: sum(map(flat, [ps[0][:, :D], ps[0][:, D:], *ps[1:]]), [])
    join = lambda ps: sum(map(flat, ps), [])
    weights = lambda: dict(actor=join(actor), critic=split(critic), criticTarget=split(target), temperature=flat(lam))
    start = weights()
    batch = dict(embedding=rnd(C, B, 3), proprioception=rnd(C, B, 4), action=rnd(C, B, A) * 0.5, reward=rnd(C, B),
                 bootstrap=torch.tensor([[1.0, 0, 1, 1]]).expand(C, B), nextEmbedding=rnd(C, B, 3), nextProprioception=rnd(C, B, 4))
    noise = dict(nextNoise=rnd(C, B, A), actingNoise=rnd(B, A))
    subset = torch.stack([torch.randperm(E, generator=g)[:Z] for _ in range(C)])
    opts = [torch.optim.Adam(ps, LR) for ps in (actor, critic, [lam])]
    obs = torch.cat([batch["embedding"], batch["proprioception"]], -1)
    nxt = torch.cat([batch["nextEmbedding"], batch["nextProprioception"]], -1)
    log = {"targets": [], "criticLosses": []}
    for c in range(C):
        with torch.no_grad():
            a2, lp2 = policy(actor, nxt[c], noise["nextNoise"][c], actor_norm, act, lo, hi)
            v = q([p[subset[c]] for p in target], nxt[c], a2, act).min(0)[0]
            y = batch["reward"][c] + GAMMA * batch["bootstrap"][c] * (v - (alpha() * lp2 if backup else 0))
        before = [p.detach().clone() for p in critic]
        loss = ((q(critic, obs[c], batch["action"][c] * mask, act) - y) ** 2).mean()
        grads = torch.autograd.grad(loss, critic)
        for p, d in zip(critic, grads): p.grad = d
        opts[1].step()
        with torch.no_grad():
            for t, p in zip(target, critic): t += TAU * (p - t)
        log["targets"].append(flat(y)); log["criticLosses"].append(loss.item())
    a1, lp1 = policy(actor, obs[-1], noise["actingNoise"], actor_norm, act, lo, hi)
    seen = [p.detach() for p in (critic if sequential else before)]
    loss = (alpha().detach() * lp1 - q(seen, obs[-1], a1, act).mean(0)).mean()
    agrads = torch.autograd.grad(loss, actor)
    entropy = -(lp1 if sequential else lp2).mean().detach()
    price = alpha() * (entropy + len(USED) / 2)
    tgrad = torch.autograd.grad(price, lam)[0]
    log |= dict(alpha=alpha().item(), actorLoss=loss.item(), entropy=entropy.item(), temperatureLoss=price.item())
    for p, d in zip(actor, agrads): p.grad = d
    lam.grad = tgrad
    opts[0].step(); opts[2].step()
    moments = {}
    for (what, ps, put), o in zip([("actor", actor, join), ("critic", critic, split), ("temperature", [lam], join)], opts):
        moments[f"{what}Mean"] = put([o.state[p]["exp_avg"] for p in ps])
        moments[f"{what}Variance"] = put([o.state[p]["exp_avg_sq"] for p in ps])
    out[name] = dict(start=start, batch={k: flat(v) for k, v in batch.items()}, noise={k: flat(v) for k, v in noise.items()},
                     subset=flat(subset), end=weights() | moments, **log)


step("rlpd", E=4, Z=2, C=3, actor_norm=False, act=F.relu, lo=-20, hi=2, form="exp", alpha0=1.0, backup=True, sequential=True)
step("hilSerl", E=2, Z=2, C=2, actor_norm=True, act=torch.tanh, lo=math.log(1e-5), hi=math.log(5), form="softplus", alpha0=1e-2, backup=False, sequential=False)

rounded = json.loads(json.dumps(out), parse_float=lambda s: float(f"{float(s):.10g}"))
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(rounded, allow_nan=False) + "\n")
