//! Addresses below a channel's folder, resolved as RFC 3986 5.2 has it, as far as playlists and manifests need it.

/// What `reference`, in the document at `base`, points to. Both lie below the channel's folder (`720p/media.m3u8`);
/// what begins with `/` or a scheme stays as it is.
#[must_use]
pub fn resolve(base: &str, reference: &str) -> String {
    if reference.starts_with('/') || is_absolute(reference) {
        return reference.to_owned();
    }
    let base = base.split(['?', '#']).next().unwrap_or(base);
    let mut folders: Vec<&str> = base.split('/').collect();
    folders.pop();
    for step in reference.split('/') {
        match step {
            "." => {}
            ".." => drop(folders.pop()),
            step => folders.push(step),
        }
    }
    folders.join("/")
}

/// Whether it names a scheme.
#[must_use]
pub fn is_absolute(reference: &str) -> bool {
    let scheme = reference.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|s| !s.is_empty() && s.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_below_the_channel() {
        assert_eq!(resolve("720p/media.m3u8?_HLS_msn=7", "7.m4s"), "720p/7.m4s");
        assert_eq!(resolve("720p/media.m3u8", "../audio/media.m3u8"), "audio/media.m3u8");
        assert_eq!(resolve("manifest.mpd", "/time"), "/time");
        assert_eq!(resolve("manifest.mpd", "http://x/y"), "http://x/y");
        assert_eq!(resolve("a", "../../../b"), "b");
    }
}
