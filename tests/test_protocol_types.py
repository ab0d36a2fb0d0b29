"""The scripts' frame types are those of the wire."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("frames_types", Path(__file__).parent / "js/frames_types.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_frame_types_are_fresh() -> None:
    maker = _maker()
    assert maker.TARGET.read_text() == maker.rendered(), "run: python tests/js/frames_types.py"
