"""The tasks of the articles behind this package, one file each: ``lstm-music reproduce TASK``.

A task's file says what the task is, makes its data, builds and trains its network, and gives rows:
our figure beside the published one. ``task.py`` has the contract, ``tasks.py`` the table of tasks.
"""
