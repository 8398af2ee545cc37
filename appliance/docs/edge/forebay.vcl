# Varnish in front of a Forebay box: many viewers of one playlist, part or segment cost the box one request.
#
# What it relies on: the box says of every answer how long it may be kept, errors too, and of answers to protected channels
# that they are private. See README.md beside this file.
vcl 4.1;

import std;

backend forebay {
    .host = "127.0.0.1";
    .port = "8080";
    # The box holds a playlist request for up to 6 s, and a segment in flight brings bytes each tenth of a second.
    .connect_timeout = 2s;
    .first_byte_timeout = 10s;
    .between_bytes_timeout = 5s;
}

sub vcl_recv {
    # The admin side never leaves the box: from here it would look like a request from the box itself.
    if (req.url !~ "^/(live|watch|embed|player|trust|tls)(/|$)" && req.url !~ "^/time(\?|$)") {
        return (synth(404, "Not here"));
    }
    if (req.method == "OPTIONS") {
        return (pass);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(405, "Not with this method"));
    }

    # CMCD (CTA-5004) is for whoever counts viewers, not for the cache: as a query or as headers it is different for each.
    set req.url = regsuball(req.url, "(?i)([?&])CMCD=[^&]*", "\1");
    set req.url = regsuball(req.url, "&&+", "&");
    set req.url = regsub(req.url, "\?&+", "?");
    set req.url = regsub(req.url, "[?&]+$", "");
    unset req.http.CMCD-Object;
    unset req.http.CMCD-Request;
    unset req.http.CMCD-Session;
    unset req.http.CMCD-Status;
    unset req.http.Cookie;

    # Whoever shows a token is checked by the box, each time.
    if (req.url ~ "^/live/[^/]+/~" || req.url ~ "[?&]token=") {
        return (pass);
    }
    # The clock must be the box's own.
    if (req.url ~ "^/time(\?|$)") {
        return (pass);
    }
    # "_HLS_msn=7&_HLS_part=1" in any order is one request.
    set req.url = std.querysort(req.url);
    return (hash);
}

sub vcl_backend_response {
    # Never older than the box says: a live playlist that is past its time is wrong, not stale.
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    # Bytes of a segment in flight go to all its readers as they come.
    set beresp.do_stream = true;

    # Answers that differ by viewer are kept by nobody, and are not queued for behind each other.
    if (beresp.http.Cache-Control ~ "(?i)private|no-store") {
        set beresp.uncacheable = true;
        # Short: the segment that is too early now is there in a moment.
        set beresp.ttl = 1s;
        return (deliver);
    }
    # The box's figures hold for errors as well: LL-HLS draft, appendix B.1.
    if (beresp.http.Cache-Control ~ "max-age=") {
        set beresp.ttl = std.duration(regsub(beresp.http.Cache-Control, ".*max-age=([0-9]+).*", "\1s"), 0s);
    }
}

sub vcl_deliver {
    # Players reckon with Age (appendix C); names of the machinery are of no use to them.
    unset resp.http.Via;
    unset resp.http.X-Varnish;
}
