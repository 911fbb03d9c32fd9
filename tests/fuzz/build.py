"""Build what reads MIDI with clang, instrumented for libFuzzer and AddressSanitizer.

    python tests/fuzz/build.py build/fuzz

The folder then holds a copy of the package that only ``make fuzz`` can load.
"""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Distribution, Extension

MODULES = ("midi.scan", "midi.grid", "music.order")
FLAGS = ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=fuzzer-no-link,address,undefined"]
# As in setup.py: what is left out takes most of the time, and AddressSanitizer sees it, too.
FLAGS += ["-fno-sanitize=null,object-size,pointer-overflow,function", "-fno-sanitize-recover=all"]
DIRECTIVES = {"language_level": 3, "wraparound": False, "cdivision": True, "boundscheck": True}


def main():
    target = Path(sys.argv[1])
    package = target / "lstm_music"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree("lstm_music", package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    os.environ |= {"CC": "clang", "LDSHARED": "clang -shared"}
    extensions = [
        Extension(
            f"lstm_music.{name}",
            [f"src/lstm_music/{name.replace('.', '/')}.pyx"],
            include_dirs=[np.get_include()],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
            extra_compile_args=FLAGS,
        )
        for name in MODULES
    ]
    modules = cythonize(
        extensions,
        include_path=["src"],
        build_dir=str(target / "cython"),
        compiler_directives=DIRECTIVES,
    )
    build = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
    build.build_lib, build.build_temp = str(target), str(target / "temp")
    build.ensure_finalized()
    build.run()


if __name__ == "__main__":
    main()
