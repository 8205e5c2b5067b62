"""Keys that no gate has made, in the form of those that one has."""

import zlib


def wrong_key(key: str) -> str:
    """Another key with the same prefix and a right checksum: only its hash can tell."""
    return plain_key(key[4:12] + "x" * 32)


def plain_key(secret: str) -> str:
    """A key of a prefix and a secret, 40 characters together: the checksum is added."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    rest, checksum = zlib.crc32(secret.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        checksum = digits[digit] + checksum
    return f"lct_{secret}{checksum}"
