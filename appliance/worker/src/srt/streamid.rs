//! What a publisher says it wants: the stream id of its handshake. Pure.

/// libsrt lets no longer one through.
const STREAMID_BYTES_MAX: usize = 512;
/// Our keys have 32 characters.
const KEY_BYTES_MAX: usize = 128;

/// Why a publisher is sent away, as numbered in "SRT Access Control (Stream ID) Guidelines" (access_control.h):
/// 1000 and what HTTP would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No stream id, or none that makes sense.
    BadRequest = 1400,
    /// Too many connections.
    Overload = 1402,
    /// The key is not good.
    Forbidden = 1403,
    /// It wants something else than to publish.
    BadMode = 1405,
    /// The daemon did not answer.
    Down = 1503,
}

/// The key in a stream id: all of it, or the resource of the standard form, `#!::r=KEY,m=publish`.
pub(super) fn key(streamid: &[u8]) -> Result<&str, Refusal> {
    let text = str::from_utf8(streamid).map_err(|_| Refusal::BadRequest)?;
    if text.len() > STREAMID_BYTES_MAX {
        return Err(Refusal::BadRequest);
    }
    // Some publishers send what their user pasted out of an address as it is.
    let key = match text.strip_prefix("#!::").or_else(|| text.strip_prefix("%23!::")) {
        Some(pairs) => resource(pairs)?,
        None => text,
    };
    let is_plausible =
        !key.is_empty() && key.len() <= KEY_BYTES_MAX && key.bytes().all(|byte| byte.is_ascii_graphic());
    is_plausible.then_some(key).ok_or(Refusal::BadRequest)
}

/// "`m`: Mode expected for this connection: `request` (default), `publish`, `bidirectional`." Nothing can be requested
/// here, so a publisher that leaves it out is understood.
fn resource(pairs: &str) -> Result<&str, Refusal> {
    let mut resource = None;
    for pair in pairs.split(',') {
        match pair.split_once('=').ok_or(Refusal::BadRequest)? {
            ("r", value) => resource = Some(value),
            ("m", "publish") => {}
            ("m", _) => return Err(Refusal::BadMode),
            _ => {}
        }
    }
    resource.ok_or(Refusal::BadRequest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_are_understood() {
        for (streamid, wanted) in [
            ("0123abcd", Ok("0123abcd")),
            ("#!::r=0123abcd,m=publish", Ok("0123abcd")),
            ("#!::m=publish,u=ann,r=0123abcd,t=stream", Ok("0123abcd")),
            ("#!::r=0123abcd", Ok("0123abcd")),
            ("%23!::r=0123abcd,m=publish", Ok("0123abcd")),
            ("#!::r=0123abcd,m=request", Err(Refusal::BadMode)),
            ("#!::r=0123abcd,m=bidirectional", Err(Refusal::BadMode)),
            ("#!::u=ann,m=publish", Err(Refusal::BadRequest)),
            ("#!::r", Err(Refusal::BadRequest)),
            ("", Err(Refusal::BadRequest)),
            ("key with spaces", Err(Refusal::BadRequest)),
            ("key\n", Err(Refusal::BadRequest)),
        ] {
            assert_eq!(key(streamid.as_bytes()), wanted, "{streamid}");
        }
        assert_eq!(key(&[0xFF, 0xFE]), Err(Refusal::BadRequest));
        assert_eq!(key(&[b'a'; 513]), Err(Refusal::BadRequest));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = key(&bytes);
            let _ = key(&[b"#!::", &bytes[..]].concat());
        }
    }
}
