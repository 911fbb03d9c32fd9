"""Sealed files that somebody forged: the checksum is right, the content is not."""

import hashlib

_BEFORE_DIGEST = b'\\"sha256\\":\\"'


def sign(blob):
    """The file with the digest that belongs to it."""
    start = blob.index(_BEFORE_DIGEST) + len(_BEFORE_DIGEST)
    zeroed = blob[:start] + b"0" * 64 + blob[start + 64 :]
    return blob[:start] + hashlib.sha256(zeroed).hexdigest().encode() + blob[start + 64 :]


def forge(blob, change):
    """The file with another header, ``change`` of the old one, signed."""
    length = int.from_bytes(blob[:8], "little")
    header = change(blob[8 : 8 + length].decode().rstrip()).encode("utf-8", "surrogatepass")
    return sign(len(header).to_bytes(8, "little") + header + blob[8 + length :])
