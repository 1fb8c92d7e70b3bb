"""The ConRFT update of test/bench/train-step.ts in PyTorch eager."""
import math
import torch
from torch_bench import adam, embed_time, improve, measure, net, polyak, run, time_net

B, E, A, D = 256, 2, 7, 384 + 64
SD, LO, HI = 0.5, 0.002, 80.0

actor = net(D + 16 + A, A)
time_parameters = time_net()
critic = net(D + A, 1, members=E)
target = [p.detach().clone() for p in critic]
critic_adam, actor_adam = adam(critic), adam(actor + time_parameters)


def denoise(obs, x, sigma):
    temb = embed_time(time_parameters, 250 * torch.log(sigma))
    skip = SD**2 / ((sigma - LO) ** 2 + SD**2)
    out = (sigma - LO) * SD / (sigma**2 + SD**2).sqrt()
    raw = run(actor, torch.cat([x / (sigma**2 + SD**2).sqrt(), temb.expand(len(x), -1), obs], -1))
    return (skip * x + out * raw).clamp(-1, 1)


top = torch.full((1, 1), HI)
act = lambda obs: denoise(obs, HI * torch.randn(len(obs), A), top)
values = lambda ps, obs, a: run(ps, torch.cat([obs, a], -1).expand(E, -1, -1))[..., 0]


def critic_update(obs, a, r, nobs):
    with torch.no_grad():
        y = r + 0.98 * values(target, nobs, act(nobs)).min(0)[0]
    improve(critic_adam, ((values(critic, obs, a) - y) ** 2).mean())
    polyak(target, critic, 0.005)


def actor_update(obs, a):
    sigma = torch.exp(torch.empty(B, 1).uniform_(math.log(0.003), math.log(80)))
    bc = ((sigma[:, 0] ** -2 + 4) * ((denoise(obs, a + sigma * torch.randn(B, A), sigma) - a) ** 2).mean(-1)).mean()
    improve(actor_adam, 0.5 * bc - values(critic, obs, act(obs)).mean())


batch = lambda: (0.5 * torch.randn(B, D), torch.rand(B, A) * 2 - 1, torch.randn(B), 0.5 * torch.randn(B, D))
one, two = batch(), batch()


def update():
    critic_update(*one)
    critic_update(*two)
    actor_update(two[0], two[1])


measure(update)
