"""What a compiler must know of Pyodide's Python, from the standard library that Pyodide brings.

    python_config.py PYODIDE OUT HEADER

CPython's headers are the same for every machine but one, ``pyconfig.h``, which this prints: the
names of HEADER, another machine's, with the values that Pyodide's ``sysconfig`` has. OUT gets that
``sysconfig``, and ``environment``: variables of a shell that make a Python of the same version tell
its build tools of it.
"""

import json
import re
import sys
import zipfile
from pathlib import Path

NAME = "_sysconfigdata__emscripten_wasm32-emscripten"


def main(pyodide, out, header):
    """Print ``pyconfig.h``; write the rest."""
    info = json.loads(Path(pyodide, "pyodide-lock.json").read_bytes())["info"]
    text = zipfile.ZipFile(Path(pyodide, "python_stdlib.zip")).read(f"{NAME}.py").decode()
    Path(out, f"{NAME}.py").write_text(text)
    Path(out, "environment").write_text(
        f"export PYTHONPATH=$PYTHONPATH:/opt/python _PYTHON_SYSCONFIGDATA_NAME={NAME}\n"
        f"export _PYTHON_HOST_PLATFORM={info['platform'].replace('_', '-', 1).replace('_', '.')}"
        f"-{info['arch']}\n"
        f"export WHEEL_PLATFORM=pyemscripten_{info['abi_version']}_{info['arch']}\n"
    )
    told = {}
    exec(text, told)
    values = told["build_time_vars"]
    names = re.findall(r"^(?:#define|/\* #undef) (\w+)", Path(header).read_text(), re.M)
    print("#define _GNU_SOURCE 1")
    for name in sorted({name for name in names if values.get(name) not in {None, 0, ""}}):
        print(f"#define {name} {values[name]}")


main(*sys.argv[1:])
