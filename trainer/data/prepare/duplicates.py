"""Find duplicate photographs: the same bytes, or nearly the same image.

Two difference hashes within THRESHOLD bits agree in at least one of THRESHOLD + 1 bands of bits,
because fewer bits differ than there are bands. So only photographs that share a band are compared,
and no pair is missed (Manku, Jain and Sarma, "Detecting near-duplicates for web crawling", 2007).
"""

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from trainer.data.prepare.database import Bytes, Integers

Pairs = np.ndarray[tuple[int, int], np.dtype[np.int64]]

BITS = 256
THRESHOLD = 16
"""Largest distance of the difference hashes of nearly the same image, bits."""
MAX_PAIRS = 1_000_000
"""The search stops at so many pairs: the data as a whole are faulty then."""


@dataclass(frozen=True)
class Duplicates:
    """P sorted pairs of rows: `first` < `second`, both (P,), and their `distance` (P,) in bits.

    `same_bytes` (P,) is bool. Of several photographs with the same bytes or hash, each is paired
    only with the first. `complete` is False if the search stopped at `MAX_PAIRS`.
    """

    first: Integers
    second: Integers
    distance: Integers
    same_bytes: np.ndarray[tuple[int], np.dtype[np.bool_]]
    complete: bool


def find_duplicates(sha256: Bytes, difference_hash: Bytes) -> Duplicates:
    """Find the duplicates among N photographs with hashes (N, 32)."""
    by_bytes = _first_equal(sha256)
    distinct = np.flatnonzero(by_bytes == np.arange(len(by_bytes)))
    by_hash = distinct[_first_equal(difference_hash[distinct])]
    different = np.flatnonzero(by_hash == distinct)
    near, complete = _near_pairs(difference_hash[distinct[different]])
    near = distinct[different][near]
    copies = np.flatnonzero(by_bytes != np.arange(len(by_bytes)))
    twins = np.flatnonzero(by_hash != distinct)
    pairs = np.concatenate(
        [
            np.stack([by_bytes[copies], copies], axis=1),
            np.stack([by_hash[twins], distinct[twins]], axis=1),
            near,
        ]
    )
    pairs.sort(axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    first, second = pairs[order].T
    distance = _hamming_distance(_words(difference_hash), first, second)
    return Duplicates(first, second, distance, order < len(copies), complete)


def has_near(difference_hash: Bytes, others: Bytes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which of hashes (N, 32) are within THRESHOLD bits of any of the others (M, 32)."""
    words, other_words = _words(difference_hash), _words(others)
    bits, other_bits = np.unpackbits(difference_hash, axis=1), np.unpackbits(others, axis=1)
    found = np.zeros(len(words), dtype=bool)
    for band in tqdm(_bands(), "Comparing photographs", unit="band", delay=2, leave=False):
        other_keys = _keys(other_bits[:, band])
        order = np.argsort(other_keys, kind="stable")
        rows = np.flatnonzero(~found)
        keys = _keys(bits[rows][:, band])
        first = np.searchsorted(other_keys[order], keys, side="left")
        last = np.searchsorted(other_keys[order], keys, side="right")
        while len(rows := rows[keep := first < last]):
            first, last = first[keep], last[keep]
            differing = words[rows] ^ other_words[order[first]]
            near = np.bitwise_count(differing).sum(axis=1, dtype=np.int64) <= THRESHOLD
            found[rows[near]] = True
            rows, first, last = rows[~near], first[~near] + 1, last[~near]
    return found


def _first_equal(rows: Bytes) -> Integers:
    """Return for each of N rows of bytes the first row that equals it, (N,)."""
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    whole = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    return first[inverse]


def _near_pairs(difference_hash: Bytes) -> tuple[Pairs, bool]:
    """Return the pairs (P, 2) of rows within THRESHOLD, and whether they are complete."""
    count = len(difference_hash)
    words = _words(difference_hash)
    bits = np.unpackbits(difference_hash, axis=1)
    found: Integers = np.zeros(0, dtype=np.int64)
    for band in tqdm(_bands(), "Comparing photographs", unit="band", delay=2, leave=False):
        found = np.union1d(found, _near_pairs_in_band(words, bits[:, band]))
        if len(found) > MAX_PAIRS:
            break
    pairs = np.stack(np.divmod(found[:MAX_PAIRS], max(count, 1)), axis=1)
    return pairs, len(found) <= MAX_PAIRS


def _near_pairs_in_band(
    words: np.ndarray[tuple[int, int], np.dtype[np.uint64]], bits: Bytes
) -> Integers:
    """Return the pairs within THRESHOLD that agree in `bits`, encoded as first * N + second."""
    count = len(words)
    key = _keys(bits)
    order = np.argsort(key, kind="stable")
    key = key[order]
    found: list[Integers] = [np.zeros(0, dtype=np.int64)]
    position, lag = np.arange(count), 1
    # Rows with one key are adjacent: compare each with the next, the one after it, and so on.
    while len(position := position[position + lag < count]) and sum(map(len, found)) <= MAX_PAIRS:
        position = position[key[position] == key[position + lag]]
        first, second = order[position], order[position + lag]
        close = _hamming_distance(words, first, second) <= THRESHOLD
        if close.any():
            first, second = first[close], second[close]
            found.append(np.minimum(first, second) * count + np.maximum(first, second))
        lag += 1
    return np.concatenate(found)


def _keys(bits: Bytes) -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    """Return the bits (N, up to 16) of each row as a number, (N,)."""
    key = np.zeros(len(bits), dtype=np.uint16)
    for column in bits.T:
        key <<= 1
        key |= column
    return key


def _bands() -> list[Integers]:
    """Return the bits of each band: scattered, because neighbouring bits agree too often."""
    bits = np.random.default_rng(0).permutation(BITS)
    return [bits[number :: THRESHOLD + 1] for number in range(THRESHOLD + 1)]


def _words(difference_hash: Bytes) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    return np.ascontiguousarray(difference_hash).view(np.uint64)


def _hamming_distance(
    words: np.ndarray[tuple[int, int], np.dtype[np.uint64]], first: Integers, second: Integers
) -> Integers:
    """Return the number of bits in which rows differ, (P,)."""
    result: Integers = np.bitwise_count(words[first] ^ words[second]).sum(axis=1, dtype=np.int64)
    return result
