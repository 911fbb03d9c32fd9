"""Build the compiled modules. Everything else stands in pyproject.toml.

Every ``src/lstm_music/**/x.pyx`` becomes the module ``lstm_music.**.x``. The C kernels are
compiled once per instruction-set level (``base``, ``v3`` = AVX2, ``v4`` = AVX-512; ``bf16`` and
``amx`` have products alone); levels.c says which of them a machine runs, so one wheel serves every
x86-64 machine. Elsewhere there is ``base`` alone (on arm64 that has NEON and fused multiply-add).
On Windows clang-cl is taken if it is on the PATH; Microsoft's own compiler has no vector types and
builds plain C, which is slower.

``LSTM_MUSIC_DEBUG=1`` builds, under ``build/debug``, modules that check every index, and whose C
code AddressSanitizer and UndefinedBehaviorSanitizer watch: ``make test-debug`` runs the tests on
them. Never build these in place: Python can load them only with libasan loaded first.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import CCompilerError, PlatformError

DEBUG = os.environ.get("LSTM_MUSIC_DEBUG") == "1"
PLATFORM = sysconfig.get_platform()  # of the Python that is built for, also when cross-compiling
MSVC = PLATFORM.startswith("win")
CLANG_CL = shutil.which("clang-cl") if MSVC else None
# Without vector types (src/c/compiler.h) there is one level, and nothing is fused.
PLAIN_C = (MSVC and not CLANG_CL) or "-DLM_PLAIN_C" in os.environ.get("CFLAGS", "")
# A fat macOS build (arm64 and x86_64 in one) takes no flags that only one of them knows.
ARCH = os.environ.get("ARCHFLAGS") or PLATFORM
X86_64 = ARCH.endswith(("x86_64", "amd64")) and "arm64" not in ARCH

# No contraction and no reassociation: every level and thread count rounds alike ...
MATH = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]
# Many Pythons ask for debug symbols, which would be a tenth of the wheel.
SYMBOLS = [] if MSVC or DEBUG else ["-g0"]
if MSVC:
    MATH = ["/O2", *(f"/clang:{flag}" for flag in MATH if CLANG_CL)]
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
FUSE = [] if PLAIN_C else [("/clang:" if MSVC else "") + "-ffp-contract=fast"]

# The modules are glue around the C kernels: a quick build and a small wheel win.
GLUE = MATH if MSVC else [*MATH, "-O0" if DEBUG else "-O2", *SYMBOLS]

# By feature, not -march=x86-64-v3: levels.c asks for the same ones.
V3 = [f"-m{name}" for name in ("avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe")]
V4 = V3 + [f"-mavx512{name}" for name in ("f", "bw", "cd", "dq", "vl")]
V4 += ["-mprefer-vector-width=512"]
BF16 = [*V4, "-mavx512bf16", "-mavx512vnni"]
AMX = [*BF16, "-mamx-tile", "-mamx-bf16"]
# In a browser: vectors of 16 bytes, which all have had since 2023.
LEVELS: dict[str, list[str]] = {"base": ["-msimd128"] if PLATFORM.startswith("emscripten") else []}
if X86_64 and not PLAIN_C:
    LEVELS |= {"v3": V3, "v4": V4, "bf16": BF16, "amx": AMX}

HEADERS = sorted(str(p) for pattern in ("*.h", "*.inc") for p in Path("src/c").glob(pattern))
PORTABLE = sorted(
    str(p)
    for p in Path("src/c").glob("*.c")
    if p.stem.rpartition("_")[2] not in {"base", "v3", "v4", "bf16", "amx"}
)
PIC = [] if MSVC else ["-fPIC", "-fvisibility=hidden"]
# A browser's Python starts no threads (src/c/threads.h).
SYSTEM = [] if MSVC else ["-lm", *([] if PLATFORM.startswith("emscripten") else ["-pthread"])]


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
                build["cflags"] = PIC + MATH + SYMBOLS + flags + more
                libraries.append((f"lm_{name}{level}", build))
    if PORTABLE:
        macros = [(f"LM_HAVE_{level.upper()}", "1") for level in LEVELS]
        build = {
            "sources": PORTABLE,
            "include_dirs": ["src/c"],
            "cflags": PIC + MATH + SYMBOLS,
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
    "freethreading_compatible": True,  # docs/adr/0012-free-threading.md
}

NEEDS = {
    "linux": "install a C compiler and Python's headers (Debian, Ubuntu: apt install gcc libc6-dev "
    "python3-dev; Fedora: dnf install gcc python3-devel; Alpine: apk add gcc musl-dev python3-dev)",
    "darwin": "install Apple's command line tools: xcode-select --install",
    "win32": "install the Visual Studio Build Tools with 'Desktop development with C++' and 'C++ "
    "Clang tools': winget install Microsoft.VisualStudio.2022.BuildTools",
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
                extra_link_args=[*SANITIZE, *SYSTEM],
                depends=[str(p) for p in Path("src/c").iterdir()],  # the libraries are linked in
            )
        )
    return found


def what_is_missing(compiler):
    """Why a C file that includes Python.h does not compile; empty if it does."""
    if compiler.compiler_type == "msvc":
        try:
            compiler.initialize()
        except PlatformError:
            return "Microsoft Visual C++ was not found"
        return ""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "trial.c")
        source.write_text("#include <Python.h>\n#include <math.h>\n")
        include = {sysconfig.get_path(kind) for kind in ("include", "platinclude")}
        command = [*compiler.compiler_so, *(f"-I{path}" for path in include)]
        command += ["-c", str(source), "-o", f"{source}.o"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            return f"{command[0]}: {error.strerror}"
    if done.returncode == 0:
        return ""
    said = done.stderr.splitlines()
    errors = [line for line in said if "error" in line]
    return (errors or said or [f"{command[0]} ended with status {done.returncode}"])[0]


class Build(build):
    """Compile first, so that a missing compiler is all that is said."""

    def run(self):
        self.run_command("build_clib")
        super().run()


class BuildExt(build_ext):
    """Build the C libraries first, also for ``--inplace``; then every module on every core."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def run(self):
        self.run_command("build_clib")  # once, whoever asks; build_ext then links what it made
        super().run()

    def build_extensions(self):
        prepare(self.compiler)
        super().build_extensions()


class BuildPy(build_py):
    """Put the C sources that the GPU compiles as well beside its own: one source, two uses."""

    def run(self):
        super().run()
        if not self.editable_mode:  # a checkout has them in src/c
            folder = Path(self.build_lib, "lstm_music", "cuda", "c")
            self.mkpath(str(folder))
            for header in HEADERS:
                self.copy_file(header, str(folder / Path(header).name))


class BuildClib(build_clib):
    def build_libraries(self, libraries):
        prepare(self.compiler)
        super().build_libraries(libraries)


def prepare(compiler):
    """Stop if the compiler is missing; on Windows take clang-cl instead, if it is there."""
    if missing := what_is_missing(compiler):
        needs = NEEDS.get(sys.platform, "install a C compiler and Python's headers")
        raise CCompilerError(f"lstm_music cannot be compiled: {missing}; {needs}")
    if CLANG_CL:
        compiler.cc = CLANG_CL
        compiler.compile_options = [flag for flag in compiler.compile_options if flag != "/GL"]


setup(
    ext_modules=cythonize(
        extensions(),
        include_path=["src"],
        build_dir=f"{BUILD}/cython",
        compiler_directives=DIRECTIVES,
        quiet=True,
    ),
    libraries=LIBRARIES,
    cmdclass={"build": Build, "build_py": BuildPy, "build_clib": BuildClib, "build_ext": BuildExt},
    options={"build": {"build_base": BUILD}},
)
