"""Where to compute and how precisely."""

import pytest
import torch

from plankton_embedding.training.device import Compute, DeviceError, resolve_device, uses_bf16
from plankton_embedding.training.preflight import check_training


@pytest.fixture
def no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def test_auto_takes_cuda_where_there_is_one(cuda):
    assert resolve_device("auto").type == "cuda"
    assert resolve_device("cpu").type == "cpu"


def test_auto_takes_the_cpu_elsewhere(no_cuda):
    assert resolve_device("auto").type == "cpu"


def test_cuda_asked_for_and_absent(no_cuda, tiny):
    training = tiny.training.model_copy(update={"device": "cuda"})
    with pytest.raises(DeviceError, match="no CUDA device"):
        check_training(tiny.embedder, training, tiny.preprocess)


@pytest.mark.parametrize("has_it", [True, False])
def test_auto_precision_follows_the_machine(monkeypatch, has_it):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": has_it})
    assert uses_bf16("auto", torch.device("cpu")) is has_it


@pytest.mark.parametrize(
    ("precision", "dtype"), [("bf16", torch.bfloat16), ("float32", torch.float32)]
)
def test_precision_of_a_product(tiny, precision, dtype):
    compute = Compute(tiny.training.model_copy(update={"precision": precision}))
    with compute.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
