"""Plain-data views into what learners write: modules, optimizers, functions.

A check never touches a learner's object itself. It asks a probe, and a probe answers with numbers,
strings, lists, dicts and tensors. When the object lives behind the wall (see `wall.py`) the probe runs
there, beside it, and only its answer comes back.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

PROBES: dict[str, Callable[..., Any]] = {}


def probe(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a probe; a call with a stand-in among its arguments runs on the stand-in's side."""
    PROBES[function.__name__] = function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            wall = getattr(type(value), "__mft_wall__", None)
            if wall is not None:
                return wall(value).probe(function.__name__, args, kwargs)
        return function(*args, **kwargs)

    return call


@probe
def call(function: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Call a function; return {"result": ..., "inputs": [its positional arguments, as the call left them]}."""
    args = copy.deepcopy(args)
    return {"result": function(*args, **kwargs), "inputs": list(args)}


@probe
def parameters(module: Any) -> dict[str, list[int]]:
    """Return name → shape for every parameter."""
    return {name: list(p.shape) for name, p in module.named_parameters()}


@probe
def trainable(module: Any) -> dict[str, bool]:
    """Return name → `requires_grad` for every parameter."""
    return {name: p.requires_grad for name, p in module.named_parameters()}


@probe
def training_modes(module: Any) -> dict[str, bool]:
    """Return name → `training` for every submodule; the module itself has the name ""."""
    return {name: m.training for name, m in module.named_modules()}


@probe
def weights(module: Any, buffers: bool = False) -> dict[str, Any]:
    """Return name → a copy of every parameter (and, with `buffers`, of every buffer, BatchNorm's too)."""
    state = dict(module.named_parameters()) | (dict(module.named_buffers()) if buffers else {})
    return {name: t.detach().clone() for name, t in state.items()}


@probe
def set_weights(module: Any, values: dict[str, Any]) -> list[str]:
    """Copy `values` into the parameters and buffers of these names, in place; return the names."""
    import torch

    state = dict(module.named_parameters()) | dict(module.named_buffers())
    with torch.no_grad():
        for name, value in values.items():
            state[name].copy_(torch.as_tensor(value))
    return list(values)


@probe
def output(module: Any, *inputs: Any, training: bool | None = False, seed: int = 0) -> Any:
    """Return the module's output on the inputs, detached; torch's generator is seeded, so that dropout repeats.

    `training` is the mode to run in, restored afterwards; None leaves it as the learner set it.
    """
    import torch

    modes = {m: m.training for m in module.modules()}
    try:
        if training is not None:
            module.train(training)
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return module(*inputs)
    finally:
        for m, mode in modes.items():
            m.training = mode


@probe
def gradients(module: Any, inputs: Any, targets: Any, loss: str = "mse_loss") -> dict[str, Any]:
    """Return name → gradient (None where none arrived) of `torch.nn.functional.<loss>(output, targets)`."""
    module.zero_grad(set_to_none=True)
    _loss(module, inputs, targets, loss).backward()
    found = {n: None if p.grad is None else p.grad.detach().clone() for n, p in module.named_parameters()}
    module.zero_grad(set_to_none=True)
    return found


@probe
def training_step(
    module: Any, optimizer: Any, inputs: Any, targets: Any, loss: str = "mse_loss", seed: int = 0
) -> dict[str, Any]:
    """Take one optimization step; return {"loss": before the step, "changed": {name: bool}} to the bit."""
    import torch

    before = {n: t.detach().clone() for n, t in module.state_dict().items()}
    optimizer.zero_grad()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        value = _loss(module, inputs, targets, loss)
    value.backward()
    optimizer.step()
    return {"loss": float(value.detach()),
            "changed": {n: not torch.equal(before[n], t) for n, t in module.state_dict().items()}}  # fmt: skip


@probe
def parameter_groups(optimizer: Any, module: Any) -> list[dict[str, Any]]:
    """Return one dict a group: its plain options (lr, weight_decay, ...) and "params": parameter names."""
    names = {id(p): name for name, p in module.named_parameters()}
    groups = []
    for group in optimizer.param_groups:
        options = {k: v for k, v in group.items() if isinstance(v, int | float | str | bool)}
        groups.append(options | {"params": [names.get(id(p), "?") for p in group["params"]]})
    return groups


def _loss(module: Any, inputs: Any, targets: Any, loss: str) -> Any:
    import torch.nn.functional as F

    return getattr(F, loss)(module(inputs), targets)
