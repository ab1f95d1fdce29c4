"""Rates of PyTorch on the networks of `lanewise bench train`.

    python3 networks.py 784-128-10|784-1024-1024-10|lstm|transformer THREADS

Prints one line a figure, `peer workload threads metric value`: the median of slices of 0.4 s, after three to warm up.
"""
import os
import sys
import time

workload, threads = sys.argv[1], int(sys.argv[2])
os.environ.setdefault("OMP_NUM_THREADS", str(threads))

import torch  # noqa: E402: reads the number of threads
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

SLICE_SECONDS, WARM_UP, SLICES = 0.4, 3, 5
FEATURES, HEADS, CLASSES = 128, 4, 10
BATCH = {"784-128-10": 128, "784-1024-1024-10": 256, "lstm": 32, "transformer": 32}[workload]
STEPS = {"lstm": 100, "transformer": 128}.get(workload)
DENSE = STEPS is None
# Dense layers learn eight batches by heart, and their gradients die away: they have 60,000 samples.
BATCHES, SHAPE = (60_000 // BATCH, (784,)) if DENSE else (8, (STEPS, FEATURES))
WRONG = 0.1  # the share of labels that say nothing about their sample


def dense():
    layers, sizes = [], [int(n) for n in workload.split("-")]
    for inputs, units in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(inputs, units), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


class Lstm(nn.Module):
    """128 units over 100 steps, the last of which is classified."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, 128, batch_first=True)
        self.head = nn.Linear(128, CLASSES)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class Block(nn.Module):
    """Attention of four heads and two dense layers, each with a sum and a normalization, then the mean of the steps."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(FEATURES, 3 * FEATURES)
        self.out = nn.Linear(FEATURES, FEATURES)
        self.norm1, self.norm2 = nn.LayerNorm(FEATURES), nn.LayerNorm(FEATURES)
        self.up = nn.Linear(FEATURES, 4 * FEATURES)
        self.down = nn.Linear(4 * FEATURES, FEATURES)
        self.head = nn.Linear(FEATURES, CLASSES)

    def forward(self, x):
        q, k, v = self.qkv(x).view(BATCH, STEPS, 3, HEADS, FEATURES // HEADS).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(BATCH, STEPS, FEATURES)
        h = self.norm1(x + self.out(attended))
        y = self.norm2(h + self.down(F.relu(self.up(h))))
        return self.head(y.mean(1))


torch.set_num_threads(threads)
torch.manual_seed(42)
net = dense() if DENSE else Lstm() if workload == "lstm" else Block()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
# A centre for each class, and noise: batches in turn.
centres = torch.rand(CLASSES, SHAPE[-1]) - 0.5
inputs, labels = [], []
for _ in range(BATCHES):
    y = torch.randint(0, CLASSES, (BATCH,))
    inputs.append(0.3 * centres[y].view(BATCH, *(1,) * (len(SHAPE) - 1), -1) + 0.7 * (torch.rand(BATCH, *SHAPE) - 0.5))
    labels.append(torch.where(torch.rand(BATCH) < WRONG, torch.randint(0, CLASSES, (BATCH,)), y))
count, loss = 0, None


def step():
    global count, loss
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(net(inputs[count % BATCHES]), labels[count % BATCHES])
    count += 1
    loss.backward()
    optimizer.step()


def predict():
    return F.softmax(net(inputs[0]), -1)


def rate(call):
    def one_slice():
        calls, start = 0, time.perf_counter()
        while True:
            call()
            calls += 1
            seconds = time.perf_counter() - start
            if seconds >= SLICE_SECONDS:
                return calls * BATCH / seconds

    for _ in range(WARM_UP):
        one_slice()
    rates = sorted(one_slice() for _ in range(SLICES))
    return rates[len(rates) // 2]


peer = f"pytorch-{torch.__version__}"
print(f"{peer} {workload} {threads} train_samples_per_s {rate(step):.6g} (loss {loss.item():.4f})", flush=True)
net.eval()
with torch.inference_mode():
    print(f"{peer} {workload} {threads} inference_samples_per_s {rate(predict):.6g}", flush=True)
