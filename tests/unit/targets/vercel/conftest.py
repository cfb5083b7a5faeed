"""The routing model over what is emitted for the hand-made site."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from isrgen import targets
from isrgen.manifest import Manifest
from isrgen.targets.bundle import Bundle


def _load() -> ModuleType:
    place = Path(__file__).with_name("routing_model.py")
    spec = importlib.util.spec_from_file_location("vercel_routing_model", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def model() -> ModuleType:
    return _load()


@pytest.fixture
def emit(make_dist: Callable[[Manifest], Path]) -> Callable[..., Bundle]:
    def run(manifest: Manifest, options: Mapping[str, Any] | None = None, secret: str = "") -> Bundle:
        return targets.load("vercel").emit(manifest, make_dist(manifest), options or {}, secret=secret)

    return run


@pytest.fixture
def edge(emit: Callable[..., Bundle], model: ModuleType) -> Callable[..., Any]:
    """The model's edge for a manifest."""

    def make(manifest: Manifest, options: Mapping[str, Any] | None = None) -> Any:
        bundle = emit(manifest, options)
        outputs, allow = set(), {}
        for path in bundle:
            if path.startswith("static/"):
                outputs.add(path.removeprefix("static/"))
            elif path.endswith(".prerender-config.json"):
                name = path.removeprefix("functions/").removesuffix(".prerender-config.json")
                outputs.add(name)
                allow[name] = json.loads(bundle.read(path))["allowQuery"]
            elif path.endswith(".func/.vc-config.json"):
                outputs.add(path.removeprefix("functions/").removesuffix(".func/.vc-config.json"))
        return model.Edge(json.loads(bundle.read("config.json")), outputs, allow)

    return make
