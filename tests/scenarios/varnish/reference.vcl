# Varnish as a careful person sets it up for an origin that sends the guide's headers: what our own edge is measured by.
# ORIGIN_PORT is replaced by the test that starts it.
vcl 4.1;

import std;
import xkey;

backend default {
    .host = "127.0.0.1";
    .port = "ORIGIN_PORT";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (req.http.X-Purge-Soft) {
            set req.http.X-Purged = xkey.softpurge(req.http.X-Purge-Key);
        } else {
            set req.http.X-Purged = xkey.purge(req.http.X-Purge-Key);
        }
        return (synth(204));
    }

    # In no key, and so never shown to the origin: one visitor's word would become everyone's page.
    unset req.http.Forwarded;
    unset req.http.X-Forwarded-For;
    unset req.http.X-Forwarded-Host;
    unset req.http.X-Forwarded-Proto;
    unset req.http.X-Host;
    unset req.http.X-HTTP-Method-Override;
    unset req.http.X-Original-URL;
    unset req.http.X-Rewrite-URL;
    unset req.http.X-Bypass;

    if (req.method != "GET" && req.method != "HEAD") {
        set req.http.X-Bypass = "method";
        return (pass);
    }
    if (req.http.Authorization) {
        set req.http.X-Bypass = "authorization";
        return (pass);
    }
    if (req.http.Cookie ~ "(^|;\s*)session=") {
        set req.http.X-Bypass = "cookie";
        return (pass);
    }
    unset req.http.Cookie;

    # `page` is the one parameter that is part of the key.
    if (req.url ~ "[?&]page=") {
        set req.url = regsub(req.url, "^([^?]*)\?(?:.*&)?(page=[^&]*).*$", "\1?\2");
    } else {
        set req.url = regsub(req.url, "\?.*$", "");
    }
    # Preferences select by their order.
    if (req.http.Accept-Language) {
        set req.http.Accept-Language = regsuball(std.tolower(req.http.Accept-Language), ";q=[0-9.]+", "");
    }
    return (hash);
}

sub vcl_backend_fetch {
    unset bereq.http.X-Bypass;
}

sub vcl_backend_response {
    if (beresp.status >= 500) {
        if (bereq.is_bgfetch) {
            # What is stored is better than an error.
            return (abandon);
        }
        set beresp.uncacheable = true;
        return (deliver);
    }
    if (beresp.http.Set-Cookie || beresp.http.Vary ~ "(?i)\*|cookie|authorization" ||
        beresp.http.Cache-Control ~ "(?i)private|no-store|no-cache" ||
        beresp.http.Cache-Control !~ "(?i)(s-maxage|max-age)=") {
        set beresp.uncacheable = true;
        return (deliver);
    }
    if (beresp.http.Cache-Control ~ "(?i)(must|proxy)-revalidate") {
        # Otherwise stale-while-revalidate has become the grace.
        set beresp.grace = 0s;
    }
    return (deliver);
}

sub vcl_deliver {
    if (req.http.X-Bypass == "method") {
        set resp.http.Cache-Status = "Varnish; fwd=method";
        if (resp.status < 400 && req.method !~ "^(OPTIONS|TRACE)$") {
            # RFC 9111 section 4.4.
            set resp.http.X-Purged = xkey.purge("path:" + regsub(req.url, "\?.*$", ""));
            unset resp.http.X-Purged;
        }
    } else if (req.http.X-Bypass) {
        set resp.http.Cache-Status = "Varnish; fwd=bypass; detail=" + req.http.X-Bypass;
    } else if (obj.hits > 0 && obj.ttl > 0s) {
        set resp.http.Cache-Status = "Varnish; hit; ttl=" + std.integer(duration = obj.ttl + 1s);
    } else if (obj.hits > 0) {
        set resp.http.Cache-Status = "Varnish; hit; ttl=" + std.integer(duration = obj.ttl) + "; detail=revalidating";
    } else if (obj.uncacheable) {
        set resp.http.Cache-Status = "Varnish; fwd=miss";
    } else {
        set resp.http.Cache-Status = "Varnish; fwd=miss; stored";
    }
    if (obj.uncacheable) {
        set resp.http.Cache-Control = "private, no-store";
    }
    unset resp.http.xkey;
}
