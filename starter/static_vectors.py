"""Step 4: a first value for the embedding table, counted instead of trained.

    python -m starter.static_vectors

Positive pointwise mutual information of tokens at most four places apart over all windows,
context counts smoothed by the power 0.75, factorised to the model's width (Levy & Goldberg 2014;
Levy, Goldberg & Dagan 2015, with singular values to the power 0.5). A minute of counting gives
rare tokens what masked language modelling would need hours for. Written:
`<work>/static_vectors.npy`, float32, and `<work>/token_shares.npy`, each token's share of all
tokens, from which the guesses' biases start.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from starter.work import WORK, announce

REACH = 4


def cooccurrences(blocks: list[np.ndarray], size: int, special: int) -> sparse.csr_matrix:
    """Symmetric counts weighted by 1 / distance; ids below `special` are left out."""
    total = sparse.csr_matrix((size, size), dtype=np.float32)
    for block in blocks:
        for start in range(0, len(block), 40_000):
            part = block[start : start + 40_000].astype(np.int32)
            for distance in range(1, REACH + 1):
                left, right = part[:, :-distance].ravel(), part[:, distance:].ravel()
                keep = (left >= special) & (right >= special)
                weight = np.full(int(keep.sum()), 1.0 / distance, dtype=np.float32)
                total += sparse.csr_matrix((weight, (left[keep], right[keep])), (size, size))
    return (total + total.T).tocsr()


def positive_pmi(counts: sparse.csr_matrix, power: float = 0.75) -> sparse.csr_matrix:
    """max(0, log p(a, b) / (p(a) p_power(b))) on the cells that were seen."""
    cells = counts.tocoo()
    rows = np.asarray(counts.sum(axis=1)).ravel()
    context = rows**power
    context /= context.sum()
    value = np.log(cells.data / np.maximum(rows[cells.row] * context[cells.col], 1e-12))
    keep = value > 0
    return sparse.csr_matrix((value[keep], (cells.row[keep], cells.col[keep])), counts.shape)


def token_shares(blocks: list[np.ndarray], size: int) -> np.ndarray:
    """Share of each token among all but padding, one added to every count; shape (size,)."""
    counts = sum(np.bincount(block.ravel(), minlength=size) for block in blocks)
    counts = np.asarray(counts, dtype=np.float64) + 1
    counts[0] = 1
    return (counts / counts.sum()).astype(np.float32)


def main() -> None:
    """Count, factorise, save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--shards", default="shards")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--vocab-size", type=int, default=14_000)
    parser.add_argument("--share", type=float, default=1.0, help="share of each corpus to count")
    arguments = parser.parse_args()
    blocks = []
    for path in sorted((arguments.work / arguments.shards).glob("*.npy")):
        block = np.load(path, mmap_mode="r")
        blocks.append(block[: int(len(block) * arguments.share)])
    np.save(arguments.work / "token_shares.npy", token_shares(blocks, arguments.vocab_size))
    counts = cooccurrences(blocks, arguments.vocab_size, special=5)
    announce(f"{counts.nnz:,} pairs of tokens seen")
    left, values, _ = randomized_svd(
        positive_pmi(counts), n_components=arguments.width, n_iter=3, random_state=0
    )
    np.save(arguments.work / "static_vectors.npy", (left * np.sqrt(values)).astype(np.float32))


if __name__ == "__main__":
    main()
