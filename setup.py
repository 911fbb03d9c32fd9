"""Build the compiled modules. Everything else stands in pyproject.toml.

Every ``src/lstm_music/**/x.pyx`` becomes the module ``lstm_music.**.x``. The C kernels are
compiled once per instruction-set level (``base``, ``v3`` = AVX2, ``v4`` = AVX-512); dispatch.c
picks one at run time, so one wheel serves every x86-64 machine.

``LSTM_MUSIC_DEBUG=1`` builds, under ``build/debug``, modules that check every index, and whose C
code AddressSanitizer and UndefinedBehaviorSanitizer watch: ``make test-debug`` runs the tests on
them. Never build these in place: Python can load them only with libasan loaded first.
"""

import os
import platform
import sys
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

DEBUG = os.environ.get("LSTM_MUSIC_DEBUG") == "1"
MSVC = sys.platform == "win32"
X86_64 = platform.machine().lower() in {"x86_64", "amd64"}

# No contraction and no reassociation: every level and thread count rounds alike ...
MATH = ["/O2"] if MSVC else ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]
SANITIZE = []
if DEBUG and not MSVC:
    # What is left out takes most of the compiler's time, and AddressSanitizer sees it, too.
    SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize=null,object-size,pointer-overflow"]
    SANITIZE += ["-fno-sanitize-recover=all"]
    MATH = ["-O1", "-g", "-fno-omit-frame-pointer", "-ffp-contract=off", *SANITIZE]
BUILD = "build/debug" if DEBUG else "build"

# ... except in these kernels, which live from fused multiply-add. Vector types have no builtin
# for it, so the compiler must contract a*b + c. v3 and v4 then agree; base has none to fuse.
FUSED = ("gemm", "matvec")
FUSE = [] if MSVC else ["-ffp-contract=fast"]

# The modules are glue around the C kernels: a quick build and a small wheel win.
GLUE = MATH if MSVC else [*MATH, *(["-O0"] if DEBUG else ["-O2", "-g0"])]

LEVELS: dict[str, list[str]] = {"base": []}
if X86_64 and sys.platform == "linux":
    LEVELS["v3"] = ["-march=x86-64-v3"]
    LEVELS["v4"] = ["-march=x86-64-v4", "-mprefer-vector-width=512"]

HEADERS = sorted(str(p) for pattern in ("*.h", "*.inc") for p in Path("src/c").glob(pattern))
PORTABLE = sorted(
    str(p)
    for p in Path("src/c").glob("*.c")
    if p.stem.rpartition("_")[2] not in {"base", "v3", "v4"}
)
PIC = [] if MSVC else ["-fPIC", "-fvisibility=hidden"]


def c_libraries():
    """Two static libraries a level (fused or not), and one for the code that needs no level."""
    libraries = []
    for level, flags in LEVELS.items():
        sources = sorted(Path("src/c").glob(f"*_{level}.c"))
        fused = [str(p) for p in sources if p.stem.rpartition("_")[0] in FUSED]
        plain = [str(p) for p in sources if str(p) not in fused]
        for name, files, more in (("", plain, []), ("fused_", fused, FUSE)):
            if files:
                build = {"sources": files, "include_dirs": ["src/c"], "obj_deps": {"": HEADERS}}
                build["cflags"] = PIC + MATH + flags + more
                libraries.append((f"lm_{name}{level}", build))
    if PORTABLE:
        macros = [(f"LM_HAVE_{level.upper()}", "1") for level in LEVELS]
        build = {
            "sources": PORTABLE,
            "include_dirs": ["src/c"],
            "cflags": PIC + MATH,
            "macros": macros,
        }
        # It refers to the levels, so it is linked before them.
        libraries.insert(0, ("lm_dispatch", build | {"obj_deps": {"": HEADERS}}))
    return libraries


LIBRARIES = c_libraries()

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,
}


def extensions():
    """One extension a .pyx file, named by its path."""
    found = []
    for path in sorted(Path("src/lstm_music").rglob("*.pyx")):
        name = ".".join(path.relative_to("src").with_suffix("").parts)
        found.append(
            Extension(
                name,
                [str(path)],
                include_dirs=["src/c", np.get_include()],
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
                extra_compile_args=GLUE,
                extra_link_args=SANITIZE,
                depends=[str(p) for p in Path("src/c").iterdir()],  # the libraries are linked in
            )
        )
    return found


class BuildExt(build_ext):
    """Build the C libraries first, also for ``--inplace``; then every module on every core."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def run(self):
        self.run_command("build_clib")  # once, whoever asks; build_ext then links what it made
        super().run()


setup(
    ext_modules=cythonize(
        extensions(),
        include_path=["src"],
        build_dir=f"{BUILD}/cython",
        compiler_directives=DIRECTIVES,
    ),
    libraries=LIBRARIES,
    cmdclass={"build_ext": BuildExt},
    options={"build": {"build_base": BUILD}},
)
