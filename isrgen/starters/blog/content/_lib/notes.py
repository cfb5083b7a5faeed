"""The notes. They come from a file here; a database would be read in the same place."""

import json

from isrgen import data_path


def all_notes():
    return json.loads(data_path("data/notes.json").read_text(encoding="utf-8"))


def get_note(slug):
    return next((note for note in all_notes() if note["slug"] == slug), None)
