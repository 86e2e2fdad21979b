"""Parity with the official networks: golden numbers, regenerated weights, one check for each type of fixture folder.

``python -m tests.parity FOLDER [--implementation native|host|graph]`` runs every folder found in FOLDER through every
implementation of its network that this machine has, and prints the largest errors, a row for each array.

To add a check, add one file to ``tests/parity/checks``; it is found by itself. It says:

- ``FOLDERS``: a regular expression that the names of its fixture folders match in full;
- ``IMPLEMENTATIONS``: the implementations that it can run, of those in :mod:`tests.parity.implementations`; without
  it the check runs once, as ``host``;
- ``QUICK``, where it saves minutes: those of them that the quick run of the tests takes; ``report.quick`` says so to
  the check, which may then leave out rows. Each network and each kernel keeps official numbers of its own there;
- ``run(folder, report)``: computes what the folder asks for as ``report.implementation`` says, hands every array to
  ``report.close`` or ``report.equal`` under the fixture's own name, and names the arrays that are inputs with
  ``report.inputs``.

``tests.parity.weights`` reads the folder and regenerates its weights. Tolerances stand at the top of the check, one for
each precision, with the largest error seen. A check imports MindSpore, and modules that define cells, only in the
branch that builds graphs. A small copy of the fixture goes to ``tests/data/parity``, where ``test_parity.py`` finds it.
"""
