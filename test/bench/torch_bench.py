"""Nets and measuring for the PyTorch sides of benches; prints what test/bench/torch.ts reads. Usage of each: python SCRIPT THREADS REPEATS"""
import json, math, sys, time
import torch
import torch.nn.functional as F

threads, repeats = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)  # as ours: Adam's second moments decay into denormals
torch.manual_seed(0)


def xavier(*shape):
    bound = math.sqrt(6 / (shape[-2] + shape[-1]))
    return torch.empty(shape).uniform_(-bound, bound).requires_grad_()


def net(inputs, outputs, hidden=256, members=None, norm=True):
    """Parameters of two hidden layers; each of `members` has its own."""
    lead = () if members is None else (members,)
    row = (*lead, 1) if lead else ()
    vector = lambda size, value: torch.full((*row, size), float(value)).requires_grad_()
    parameters = []
    for fan_in, size in ((inputs, hidden), (hidden, hidden)):
        parameters += [xavier(*lead, fan_in, size), vector(size, 0)]
        parameters += [vector(size, 1), vector(size, 0)] if norm else []
    return parameters + [xavier(*lead, hidden, outputs), vector(outputs, 0)]


def dense(x, kernel, bias):
    return torch.baddbmm(bias, x, kernel) if kernel.dim() == 3 else torch.addmm(bias, x, kernel)


def run(parameters, x, activation=torch.tanh, norm=True):
    per_layer = 4 if norm else 2
    for layer in range(2):
        at = parameters[per_layer * layer : per_layer * (layer + 1)]
        x = dense(x, at[0], at[1])
        if norm:
            width = (x.shape[-1],)
            x = F.layer_norm(x, width, at[2], at[3]) if x.dim() == 2 else F.layer_norm(x, width) * at[2] + at[3]
        x = activation(x)
    return dense(x, *parameters[-2:])


def adam(parameters, rate=3e-4, **options):
    return torch.optim.Adam(parameters, rate, fused=True, **options)


@torch.no_grad()
def polyak(target, parameters, tau):
    torch._foreach_lerp_(target, [p.detach() for p in parameters], tau)


def improve(optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def sinusoid(u, half=8):
    angle = u * torch.exp(-math.log(10000.0) * torch.arange(half) / (half - 1))
    return torch.cat([angle.sin(), angle.cos()], -1)


def time_net():
    return [xavier(16, 32), torch.zeros(32).requires_grad_(), xavier(32, 16), torch.zeros(16).requires_grad_()]


def embed_time(parameters, u):
    k0, b0, k1, b1 = parameters
    return torch.addmm(b1, torch.tanh(torch.addmm(b0, sinusoid(u), k0)), k1)


WARM_UP = 30  # as in torch.ts


def measure(update):
    wall, cpu = [], []
    warm_up = min(WARM_UP, repeats)
    for index in range(repeats + warm_up):
        started, started_cpu = time.perf_counter(), time.process_time()
        update()
        if index >= warm_up:
            wall.append(1000 * (time.perf_counter() - started))
            cpu.append(1000 * (time.process_time() - started_cpu))
    at = lambda values, share: sorted(values)[min(len(values) - 1, int(share * len(values)))]
    result = {"p50Ms": at(wall, 0.5), "p99Ms": at(wall, 0.99), "cpuP50Ms": at(cpu, 0.5)}
    print(json.dumps({"version": torch.__version__, **result}))
