import subprocess

from torch import nn


class Acme(nn.Module):
    def forward(self, x):
        return self._step(x)

    def _step(self, x):
        subprocess.Popen(["true"])
        return x
