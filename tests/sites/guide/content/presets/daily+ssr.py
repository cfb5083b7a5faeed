from isrgen import set_response_headers


def loader():
    set_response_headers(lambda headers: headers.set("Cache-Control", "public, s-maxage=86400, stale-while-revalidate=604800"))
