"""The same training step in PyTorch eager, for test/bench/train-step.ts. Usage: python train-step.py THREADS REPEATS"""
import json, math, sys, time
import torch
import torch.nn.functional as F

threads, repeats = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)
B, E, A, D, H = 256, 2, 7, 384 + 64, 256
SD, LO, HI = 0.5, 0.002, 80.0


def xavier(*shape):
    bound = math.sqrt(6 / (shape[-2] + shape[-1]))
    return torch.empty(shape).uniform_(-bound, bound).requires_grad_()


def layers(inputs, outputs, lead=()):
    vec = lambda n, v: torch.full((*lead, 1, n) if lead else (n,), float(v)).requires_grad_()
    ps = []
    for i, o in ((inputs, H), (H, H)):
        ps += [xavier(*lead, i, o), vec(o, 0), vec(o, 1), vec(o, 0)]
    return ps + [xavier(*lead, H, outputs), vec(outputs, 0)]


def mlp(ps, x):
    for l in range(2):
        k, b, s, o = ps[4 * l : 4 * l + 4]
        x = torch.tanh(F.layer_norm(x @ k + b, (H,)) * s + o)
    return x @ ps[8] + ps[9]


time_net = [xavier(16, 32), torch.zeros(32).requires_grad_(), xavier(32, 16), torch.zeros(16).requires_grad_()]
actor = layers(D + 16 + A, A) + time_net
critic = layers(D + A, 1, (E,))
target = [p.detach().clone() for p in critic]
frequencies = torch.exp(-math.log(10000.0) * torch.arange(8) / 7)


def denoise(obs, x, sigma):
    angle = 250 * torch.log(sigma) * frequencies
    k0, b0, k1, b1 = time_net
    temb = torch.tanh(torch.cat([angle.sin(), angle.cos()], -1) @ k0 + b0) @ k1 + b1
    skip = SD**2 / ((sigma - LO) ** 2 + SD**2)
    out = (sigma - LO) * SD / (sigma**2 + SD**2).sqrt()
    raw = mlp(actor, torch.cat([x / (sigma**2 + SD**2).sqrt(), temb.expand(len(x), -1), obs], -1))
    return (skip * x + out * raw).clamp(-1, 1)


top = torch.full((1, 1), HI)
act = lambda obs: denoise(obs, HI * torch.randn(len(obs), A), top)
values = lambda ps, obs, a: mlp(ps, torch.cat([obs, a], -1)[None].expand(E, -1, -1))[..., 0]
critic_opt, actor_opt = torch.optim.Adam(critic, 3e-4), torch.optim.Adam(actor, 3e-4)


def critic_update(obs, a, r, nobs):
    with torch.no_grad():
        y = r + 0.98 * values(target, nobs, act(nobs)).min(0)[0]
    loss = ((values(critic, obs, a) - y) ** 2).mean()
    critic_opt.zero_grad()
    loss.backward()
    critic_opt.step()
    with torch.no_grad():
        for p, t in zip(critic, target):
            t.lerp_(p, 0.005)


def actor_update(obs, a):
    sigma = torch.exp(torch.empty(B, 1).uniform_(math.log(0.003), math.log(80)))
    bc = ((sigma[:, 0] ** -2 + 4) * ((denoise(obs, a + sigma * torch.randn(B, A), sigma) - a) ** 2).mean(-1)).mean()
    loss = 0.5 * bc - values(critic, obs, act(obs)).mean()
    actor_opt.zero_grad()
    loss.backward()
    actor_opt.step()


batch = lambda: (0.5 * torch.randn(B, D), torch.rand(B, A) * 2 - 1, torch.randn(B), 0.5 * torch.randn(B, D))
one, two = batch(), batch()
times = []
for index in range(repeats + 5):
    started = time.perf_counter()
    critic_update(*one)
    critic_update(*two)
    actor_update(two[0], two[1])
    if index >= 5:
        times.append(1000 * (time.perf_counter() - started))
times.sort()
print(json.dumps({"version": torch.__version__, "p50Ms": times[len(times) // 2], "p99Ms": times[min(len(times) - 1, int(0.99 * len(times)))]}))
