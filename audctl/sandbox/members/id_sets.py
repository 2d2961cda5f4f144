"""Sets of identity numbers, as integers with one byte for each number: 1 in it, 0 not.

Set algebra on them is `&`, `|` and `^` of Python integers; going over members is `compress` over bytes. Both run at the
speed of memory, which no structure of objects comes near for a million people.
"""

import zlib
from collections.abc import Iterable, Iterator
from itertools import compress

IdSet = int
EMPTY: IdSet = 0


def collect(numbers: Iterable[int], size: int) -> IdSet:
    """Make a set of numbers below `size`."""
    flags = bytearray(size)
    for number in numbers:
        flags[number] = 1
    return int.from_bytes(flags, "little")


def from_flags(flags: bytes | bytearray) -> IdSet:
    """Make a set of the positions that hold a 1."""
    return int.from_bytes(flags, "little")


def flags_of(numbers: IdSet, size: int) -> bytes:
    """Give one byte for each number below `size`."""
    return numbers.to_bytes(size, "little")


def members_of(numbers: IdSet, size: int) -> Iterator[int]:
    """Go over the numbers in a set, in order."""
    return compress(range(size), flags_of(numbers, size))


def without(numbers: IdSet, others: IdSet) -> IdSet:
    """Give the numbers that are not among the others."""
    return numbers ^ (numbers & others)


def pack(numbers: IdSet) -> bytes:
    """Make a set small, to be stored."""
    return zlib.compress(flags_of(numbers, (numbers.bit_length() + 7) // 8), 1)


def unpack(packed: bytes) -> IdSet:
    """Read what `pack` gave."""
    return from_flags(zlib.decompress(packed))
