"""The inputs that fuzzing found to reach different parts of the reader, as lines of base64.

python tests/fuzz_corpus.py unpack FOLDER
python tests/fuzz_corpus.py pack FOLDER      after libFuzzer's -merge=1
"""

import sys
from base64 import b64decode, b64encode
from hashlib import sha1
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "fuzz" / "corpus.txt"


def load():
    """Each input, in bytes."""
    return [b64decode(line) for line in CORPUS.read_text("ascii").splitlines()]


def unpack(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for data in load():
        (folder / sha1(data).hexdigest()).write_bytes(data)


def pack(folder):
    inputs = sorted((path.read_bytes() for path in folder.iterdir()), key=lambda b: (len(b), b))
    CORPUS.write_text("".join(b64encode(data).decode() + "\n" for data in inputs), "ascii")


if __name__ == "__main__":
    {"unpack": unpack, "pack": pack}[sys.argv[1]](Path(sys.argv[2]))
