"""The diffusion head's update of test/bench/diffusion-update.ts in PyTorch eager."""
import math
import torch
from torch_bench import adam, embed_time, improve, measure, net, run, time_net

B, K, A, D, T = 256, 16, 7, 384 + 64, 100
signal = [math.cos((step / T + 0.008) / 1.008 * math.pi / 2) ** 2 for step in range(T + 1)]
alpha_bars = torch.tensor([1 - min(1 - b / a, 0.999) for a, b in zip(signal, signal[1:])]).cumprod(0)

network, time_parameters = net(K * A + 16 + D, K * A), time_net()
parameters = network + time_parameters
average = [p.detach().clone() for p in parameters]
optimiser = torch.optim.AdamW(parameters, 1e-4, betas=(0.95, 0.999), weight_decay=1e-6, fused=True)
low, high = -torch.ones(A), torch.ones(A)
obs, chunk = 0.5 * torch.randn(B, D), torch.rand(B, K, A) * 2 - 1
weight = torch.ones(B, K)


def update():
    target = (chunk - low) / (high - low) * 2 - 1
    step = torch.randint(0, T, (B,))
    noise = torch.randn(B, K, A)
    alpha_bar = alpha_bars[step][:, None, None]
    x = alpha_bar.sqrt() * target + (1 - alpha_bar).sqrt() * noise
    temb = embed_time(time_parameters, 1000 * step[:, None] / (T - 1))
    found = run(network, torch.cat([x.flatten(1), temb, obs], -1)).view(B, K, A)
    error = ((found - noise) ** 2).mean(-1)
    improve(optimiser, (error * weight).sum() / weight.sum())
    with torch.no_grad():
        torch._foreach_lerp_(average, [p.detach() for p in parameters], 1e-4)


measure(update)
