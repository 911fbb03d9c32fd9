"""The rival of benchmarks/gpu.py: torch.nn.LSTM, which is cuDNN's on a GPU."""

import contextlib

import torch
from torch import nn

PRECISIONS = ("float32", "tf32", "float16", "bfloat16")
FORMS = ("one module", "stacked")


def on_cpu(precision):
    """Whether torch has an LSTM of this precision for a CPU, and for this one: bfloat16 needs
    AVX-512.
    """
    if precision == "bfloat16":
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return precision != "float16"


class Network(nn.Module):
    """Embedding, two layers, head; as one module of two layers, or one module a layer."""

    def __init__(self, V, H, form):
        super().__init__()
        self.embedding = nn.Embedding(V, H)
        counts = (2,) if form == "one module" else (1, 1)
        self.layers = nn.ModuleList(nn.LSTM(H, H, count) for count in counts)
        self.head = nn.Linear(H, V)

    def forward(self, tokens, states=None):
        y, last = self.embedding(tokens), []
        for i, layer in enumerate(self.layers):
            y, state = layer(y, None if states is None else states[i])
            last.append(state)
        return self.head(y), last


class Rival:
    """One precision and form at one size, on random tokens."""

    def __init__(self, case, precision, form, device):
        self.precision, self.device = precision, device
        torch.manual_seed(0)
        self.network = Network(case.V, case.H, form).to(device)
        self.tokens = torch.randint(case.V, (case.T + 1, case.B), device=device)
        self.adam = torch.optim.Adam(
            self.network.parameters(), 1e-3, fused=device.startswith("cuda")
        )
        self.scaler = torch.amp.GradScaler(device.split(":")[0], enabled=precision == "float16")

    def set_up(self):
        """Products of this precision; torch keeps that for the whole process."""
        torch.backends.cuda.matmul.allow_tf32 = self.precision == "tf32"
        torch.backends.cudnn.allow_tf32 = self.precision == "tf32"
        if self.precision in ("float16", "bfloat16"):
            kind = getattr(torch, self.precision)
            return torch.autocast(self.device.split(":")[0], dtype=kind)
        return contextlib.nullcontext()

    def forward(self):
        with torch.no_grad(), self.set_up():
            self.network(self.tokens[:-1])

    def update(self):
        self.adam.zero_grad(set_to_none=True)
        with self.set_up():
            logits, _ = self.network(self.tokens[:-1])
            loss = nn.functional.cross_entropy(
                logits.float().flatten(0, 1), self.tokens[1:].flatten()
            )
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.adam)
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.scaler.step(self.adam)
        self.scaler.update()

    def generate(self, streams, steps):
        """The usual loop: a step, softmax, one draw a stream."""
        token = torch.zeros((1, streams), dtype=torch.long, device=self.device)
        states = None
        with torch.no_grad(), self.set_up():
            for _ in range(steps):
                logits, states = self.network(token, states)
                p = torch.softmax(logits[0].float(), -1)
                token = torch.multinomial(p, 1).T

    def wait(self):
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()

    def kernels(self):
        """Names of the kernels of one update, the slowest first: which of its ways cuDNN took."""
        from torch.profiler import ProfilerActivity, profile

        activities = [ProfilerActivity.CPU]
        if self.device.startswith("cuda"):
            activities.append(ProfilerActivity.CUDA)
        self.update()
        with profile(activities=activities) as found:
            self.update()
            self.wait()

        def cost(event):
            return getattr(event, "self_device_time_total", 0) or event.self_cpu_time_total

        events = sorted(found.key_averages(), key=cost, reverse=True)
        return [event.key[:120] for event in events[:6]]
