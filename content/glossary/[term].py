"""One static page for each term: `static_params` says which there are."""

import json

from isrgen import data_path, not_found


def static_params():
    return [{"term": term} for term in _terms()]


def loader(params):
    entry = _terms().get(params["term"])
    if entry is None:
        raise not_found()
    return {"entry": entry}


def _terms():
    return json.loads(data_path("data/glossary.json").read_text(encoding="utf-8"))
