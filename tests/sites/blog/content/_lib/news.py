NEWS = {
    "kettle": {"title": "A new kettle", "text": "It whistles."},
    "cup": {"title": "A broken cup", "text": "It was the blue one."},
}
