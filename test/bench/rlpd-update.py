"""RLPD's block of test/bench/rlpd-update.ts in PyTorch eager: 20 critic updates, one of actor and temperature."""
import math
import torch
import torch.nn.functional as F
from torch_bench import adam, improve, measure, net, polyak, run

C, B, E, Z, A, D = 20, 256, 10, 2, 7, 384 + 64
GAMMA, TAU, ENTROPY = 0.99, 0.005, -A / 2

actor = net(D, 2 * A, norm=False)
critic = net(D + A, 1, members=E)
target = [p.detach().clone() for p in critic]
log_temperature = torch.zeros(1).requires_grad_()
critic_adam, actor_adam, temperature_adam = adam(critic), adam(actor), adam([log_temperature])


def sample(obs):
    mean, log_std = run(actor, obs, torch.relu, norm=False).split(A, -1)
    log_std = log_std.clamp(-20, 2)
    noise = torch.randn(len(obs), A)
    u = mean + log_std.exp() * noise
    gaussian = -0.5 * noise**2 - log_std - 0.5 * math.log(2 * math.pi)
    return torch.tanh(u), (gaussian - 2 * (math.log(2) - u - F.softplus(-2 * u))).sum(-1)


def values(ps, obs, a):
    x = torch.cat([obs, a], -1)
    return run(ps, x.expand(len(ps[0]), -1, -1), torch.relu)[..., 0]


def critic_update(obs, a, r, nobs):
    with torch.no_grad():
        chosen = torch.randperm(E)[:Z]
        action, log_probability = sample(nobs)
        lowest = values([p[chosen] for p in target], nobs, action).min(0)[0]
        y = r + GAMMA * (lowest - log_temperature.exp() * log_probability)
    improve(critic_adam, ((values(critic, obs, a) - y) ** 2).mean())
    polyak(target, critic, TAU)


def actor_update(obs):
    action, log_probability = sample(obs)
    temperature = log_temperature.exp().detach()
    improve(actor_adam, (temperature * log_probability - values(critic, obs, action).mean(0)).mean())
    improve(temperature_adam, log_temperature.exp() * (-log_probability.detach().mean() - ENTROPY))


batches = [
    (0.5 * torch.randn(B, D), torch.rand(B, A) * 2 - 1, torch.randn(B), 0.5 * torch.randn(B, D)) for _ in range(C)
]


def update():
    for batch in batches:
        critic_update(*batch)
    actor_update(batches[-1][0])


measure(update)
