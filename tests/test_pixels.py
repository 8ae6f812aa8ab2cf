import pytest
import torch
from torch.testing import assert_close

from ganvas.pixels import to_float, to_uint8


def test_every_level_survives_the_round_trip():
    stored = torch.arange(256, dtype=torch.uint8).view(1, 16, 16, 1).expand(2, 16, 16, 3)
    assert (to_uint8(to_float(stored)) == stored.numpy()).all()


def test_black_is_minus_one_and_white_is_one():
    stored = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 2, 1)
    assert_close(to_float(stored).flatten(), torch.tensor([-1.0, 1.0]))


def test_what_lies_outside_is_clamped():
    assert to_uint8(torch.tensor([-9.0, 9.0]).view(1, 1, 1, 2)).ravel().tolist() == [0, 255]


def test_float_pictures_are_channels_last_in_memory():
    assert to_float(torch.zeros(2, 8, 8, 3, dtype=torch.uint8)).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("wrong", [torch.zeros(2, 8, 8, 3), torch.zeros(8, 8, 3, dtype=torch.uint8)])
def test_anything_but_a_batch_of_bytes_is_refused(wrong):
    with pytest.raises(ValueError, match="uint8"):
        to_float(wrong)
