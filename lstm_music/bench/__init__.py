"""Our speed beside torch's, both measured in the same run: what ``lstm-music bench`` prints.

``cases`` says what is measured, ``timing`` how, ``train``, ``step`` and ``generate`` do it. torch
is the rival and never needed: only the files ``torch_*.py`` import it, inside their functions
(docs/adr/0005-torch-in-bench.md).
"""
