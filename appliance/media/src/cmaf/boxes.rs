//! Writing boxes (ISO/IEC 14496-12 4.2): sizes are filled in when the content is there.

use bytes::BufMut;

/// Writes one box around what `fill` writes.
pub(super) fn boxed(out: &mut Vec<u8>, kind: &[u8; 4], fill: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.put_u32(0);
    out.put_slice(kind);
    fill(out);
    let len = out.len() - at;
    set_u32(out, at, len as u32);
}

/// The same with version and 24 bits of flags.
pub(super) fn full_box(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    version: u8,
    flags: u32,
    fill: impl FnOnce(&mut Vec<u8>),
) {
    boxed(out, kind, |out| {
        out.put_u32(u32::from(version) << 24 | flags);
        fill(out);
    });
}

/// Overwrites four bytes that were left for later.
pub(super) fn set_u32(out: &mut [u8], at: usize, value: u32) {
    out[at..at + 4].copy_from_slice(&value.to_be_bytes());
}
