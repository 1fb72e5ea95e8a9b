"""Where the rule files are: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from analyzer.errors import UsageError

MARKER = "_template.yaml"
"""A folder counts as ours only with this file: ``rules`` is also the name of other packages."""

_PACKAGE = Path(__file__).resolve().parent


def rules_dir(package: Path = _PACKAGE) -> Path:
    """The folder of the rule files that belong to ``package``.

    A wheel holds them as ``analyzer/_rules``; a checkout, also one installed as editable, has
    ``rules`` beside ``analyzer``. Raises UsageError when neither is there.
    """
    installed, checkout = package / "_rules", package.parent / "rules"
    for folder in (installed, checkout):
        if (folder / MARKER).is_file():
            return folder
    if checkout.exists():
        raise UsageError(
            f"{checkout} holds no {MARKER}, so it belongs to another package and not to "
            "trainlint; reinstall with: pip install --force-reinstall trainlint"
        )
    raise UsageError(
        f"the rules are missing: neither {installed} nor {checkout} exists; "
        "reinstall with: pip install --force-reinstall trainlint"
    )
