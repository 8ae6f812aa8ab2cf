import numpy as np
import pytest
import torch

from ganvas.networks.pca import principal_components


def rows_of(count, size, seed=0):
    """(N, D) centred rows whose deviations fall off slowly."""
    numbers = torch.Generator().manual_seed(seed)
    rows = torch.randn(count, size, generator=numbers) * torch.linspace(2, 0.1, size)
    return rows - rows.mean(0)


@pytest.mark.parametrize("shape", [(200, 30), (20, 300), (5, 5)])
def test_directions_and_deviations_are_those_of_the_whole_decomposition(shape):
    rows = rows_of(*shape)
    axes, deviations = principal_components(rows, 4, torch.Generator().manual_seed(1))
    _, lengths, inner = np.linalg.svd(rows.numpy(), full_matrices=False)
    np.testing.assert_allclose(deviations, lengths[:4] / np.sqrt(shape[0] - 1), rtol=0.02)
    alike = np.abs((axes.numpy() * inner[:4]).sum(1))
    assert alike[0] > 0.95
    np.testing.assert_allclose(axes @ axes.T, torch.eye(4), atol=1e-5)


def test_draws_have_the_covariance_of_the_rows():
    rows = rows_of(500, 6)
    axes, deviations = principal_components(rows, 6, torch.Generator().manual_seed(1))
    scaled = axes * deviations[:, None]
    np.testing.assert_allclose(scaled.T @ scaled, np.cov(rows.numpy().T), atol=1e-4)


@pytest.mark.parametrize(("shape", "wanted"), [((1, 5), 1), ((5, 3), 4), ((5, 3), 0)])
def test_impossible_counts_are_refused(shape, wanted):
    with pytest.raises(ValueError, match="components"):
        principal_components(torch.zeros(shape), wanted, torch.Generator())
