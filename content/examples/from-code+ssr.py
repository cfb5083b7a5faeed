from _lib.clock import now
from isrgen import set_response_headers


def loader():
    set_response_headers({"Cache-Control": "public, s-maxage=3600, stale-while-revalidate=86400"})
    return {"rendered": now()}
