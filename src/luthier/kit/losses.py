"""One loss per row, natural logarithm, no mean over rows. A loss that has a source names it."""

from __future__ import annotations

import torch


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, *, smoothing: float) -> torch.Tensor:
    """Cross-entropy of one label per row, the target smoothed over all labels (Szegedy 2016).

    Args:
        logits: float [b, K].
        targets: int64 [b].
        smoothing: part of the target spread over all labels, 0 to 1.

    Returns:
        Float [b].
    """
    log_probabilities = logits.float().log_softmax(-1)
    of_target = -log_probabilities.gather(-1, targets[:, None]).squeeze(-1)
    if not smoothing:
        return of_target
    return (1 - smoothing) * of_target + smoothing * -log_probabilities.mean(-1)


def cross_entropy_of_shares(
    logits: torch.Tensor, shares: torch.Tensor, *, smoothing: float
) -> torch.Tensor:
    """Cross-entropy of a row that is taught several labels, each with its share.

    Args:
        logits: float [b, K].
        shares: float [b, K], rows sum to 1.
        smoothing: part of the target spread over all labels, 0 to 1.

    Returns:
        Float [b].
    """
    log_probabilities = logits.float().log_softmax(-1)
    of_shares = -(shares * log_probabilities).sum(-1)
    return (1 - smoothing) * of_shares + smoothing * -log_probabilities.mean(-1)


def focal(logits: torch.Tensor, targets: torch.Tensor, *, gamma: float) -> torch.Tensor:
    """Focal loss of one label per row: (1 - p)^gamma * -log p (Lin et al. 2017, equation 4).

    Args:
        logits: float [b, K].
        targets: int64 [b].
        gamma: 0 is cross-entropy.

    Returns:
        Float [b].
    """
    log_p = logits.float().log_softmax(-1).gather(-1, targets[:, None]).squeeze(-1)
    return (1 - log_p.exp()).clamp(min=0) ** gamma * -log_p


def binary_cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, *, positive: torch.Tensor, smoothing: float
) -> torch.Tensor:
    """Binary cross-entropy, the mean over the labels of a row.

    Args:
        logits: float [b, K].
        targets: 0 or 1, [b, K].
        positive: float [K], weight of a label where it applies.
        smoothing: targets become `smoothing / 2` and `1 - smoothing / 2`.

    Returns:
        Float [b].
    """
    wanted = targets.float() * (1 - smoothing) + smoothing / 2
    return torch.nn.functional.binary_cross_entropy_with_logits(
        logits.float(), wanted, pos_weight=positive.to(logits.device), reduction="none"
    ).mean(-1)


def binary_focal(
    logits: torch.Tensor, targets: torch.Tensor, *, positive: torch.Tensor, gamma: float
) -> torch.Tensor:
    """Focal loss of each label for itself (Lin et al. 2017), the mean over the labels of a row.

    Args:
        logits: float [b, K].
        targets: 0 or 1, [b, K].
        positive: float [K], weight of a label where it applies.
        gamma: 0 is binary cross-entropy.

    Returns:
        Float [b].
    """
    sign = targets.float() * 2 - 1
    log_p = torch.nn.functional.logsigmoid(logits.float() * sign)
    weights = torch.where(targets == 1, positive.to(logits.device), 1.0)
    return (weights * (1 - log_p.exp()).clamp(min=0) ** gamma * -log_p).mean(-1)


def squared_error(logits: torch.Tensor, targets: torch.Tensor, *, variance: float) -> torch.Tensor:
    """Squared error in units of the variance of the training targets.

    Args:
        logits: float [b, 1].
        targets: float [b].
        variance: above 0.

    Returns:
        Float [b].
    """
    return (logits.float().squeeze(-1) - targets.float()) ** 2 / variance
