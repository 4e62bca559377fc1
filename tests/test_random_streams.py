"""Random streams: the same numbers as a seeded torch, and the caller's state untouched."""

import torch

from luthier.kit.seeds import random_stream, seed_of


def test_a_stream_is_that_of_torch_with_its_seed_and_the_callers_goes_on_after_it():
    torch.manual_seed(seed_of(7, 3))
    seeded = torch.rand(5)
    torch.manual_seed(1)
    undisturbed = torch.rand(4)
    torch.manual_seed(1)
    first = torch.rand(2)
    with random_stream(7, 3):
        assert torch.equal(torch.rand(5), seeded)
    assert torch.equal(torch.cat([first, torch.rand(2)]), undisturbed)


def test_the_callers_state_comes_back_after_an_error_too():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    try:
        with random_stream(7):
            torch.rand(3)
            raise RuntimeError
    except RuntimeError:
        pass
    assert torch.equal(torch.rand(2), expected)
