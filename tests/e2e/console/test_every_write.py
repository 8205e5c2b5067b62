"""Whatever the REST API lets people change can be changed in the console."""

import importlib
import json
import urllib.request
from pathlib import Path

from support.gate import CALL_SECONDS, Gate

# Each with the reason why no story sends it.
ELSEWHERE = {
    "PUT /api/v1/permissions/{model}": "is the profile default's, which the console shows as /profiles/default",
    "PATCH /api/v1/permissions/{model}": "likewise",
    "DELETE /api/v1/permissions/{model}": "likewise",
    "PATCH /api/v1/profiles/{profile}/permissions/{model}": "the matrix says all of a permission, with PUT",
    "POST /api/v1/explain/cases": "is for programs that test a policy before it is applied",
    "POST /api/v1/explain/replay": "is for programs that test a policy file on recorded calls",
}


def test_every_write_of_the_api_is_reached_by_a_story(gate: Gate) -> None:
    with urllib.request.urlopen(f"{gate.up['api_url']}/api/openapi.json", timeout=CALL_SECONDS) as answer:
        paths = json.load(answer)["paths"]
    described = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/api/v1/") and method in ("post", "put", "patch", "delete")
    }
    stories = [importlib.import_module(f"{__package__}.{file.stem}") for file in Path(__file__).parent.glob("test_*.py")]
    # That a file's stories do send them is asserted at its end: see `written` in conftest.py.
    said: set[str] = set().union(*(getattr(story, "WRITES", set()) for story in stories))
    assert said <= described, "no route: " + ", ".join(sorted(said - described))
    assert not said & set(ELSEWHERE)
    assert described == said | set(ELSEWHERE)
