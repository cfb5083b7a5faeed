from _lib.notes import all_notes


def loader():
    return {"notes": all_notes()}
