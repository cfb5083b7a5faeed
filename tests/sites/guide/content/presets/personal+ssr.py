from isrgen import set_response_headers


def loader():
    set_response_headers(lambda headers: headers.set("Cache-Control", "private, no-store"))
