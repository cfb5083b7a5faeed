from _lib.notes import get_note
from isrgen import not_found


def loader(params):
    note = get_note(params["slug"])
    if note is None:
        raise not_found()
    return {"note": note}
