//! Text that is compressed once and put into many answers.

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use std::sync::Arc;

/// RFC 1952 2.3: deflate, no name, no time, unknown system.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// RFC 1951 3.2.3: a last block, with fixed codes, that holds nothing.
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// A text and the same compressed, so that several of them make one gzip member: some clients read only the first
/// member of several.
#[derive(Clone, Debug)]
pub struct Page {
    plain: Bytes,
    /// Blocks of RFC 1951 that end at a byte and refer to nothing outside of them.
    deflated: Bytes,
    crc: Arc<Crc>,
}

impl From<String> for Page {
    fn from(text: String) -> Self {
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        Self { deflated: deflated(text.as_bytes()).into(), plain: text.into(), crc: Arc::new(crc) }
    }
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::fast(), false);
    let mut out = Vec::with_capacity(text.len() / 4 + 64);
    loop {
        let taken = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let room = out.capacity();
        let status = compress
            .compress_vec(&text[taken..], &mut out, FlushCompress::Sync)
            .expect("a stream that has not ended takes every write");
        let all = compress.total_in() == text.len() as u64;
        if matches!(status, Status::Ok | Status::BufError) && all && out.len() < room {
            return out;
        }
        out.reserve(text.len() / 4 + 64);
    }
}

impl Page {
    /// These pages as one.
    #[must_use]
    pub fn joined<'a>(pages: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut plain, mut deflated, mut crc) = (Vec::new(), Vec::new(), Crc::new());
        for page in pages {
            plain.extend_from_slice(&page.plain);
            deflated.extend_from_slice(&page.deflated);
            crc.combine(&page.crc);
        }
        Self { plain: plain.into(), deflated: deflated.into(), crc: Arc::new(crc) }
    }

    /// UTF-8.
    #[must_use]
    pub fn plain(&self) -> Bytes {
        self.plain.clone()
    }

    /// A whole gzip file.
    #[must_use]
    pub fn gzip(&self) -> Bytes {
        let mut file = Vec::with_capacity(GZIP_HEAD.len() + self.deflated.len() + LAST_BLOCK.len() + 8);
        file.extend_from_slice(&GZIP_HEAD);
        file.extend_from_slice(&self.deflated);
        file.extend_from_slice(&LAST_BLOCK);
        file.extend_from_slice(&self.crc.sum().to_le_bytes());
        file.extend_from_slice(&self.crc.amount().to_le_bytes());
        file.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    proptest! {
        #[test]
        fn pages_together_are_one_gzip_member(texts in prop::collection::vec("[a-d]{0,4000}|\\PC{0,80}", 0..6)) {
            let pages: Vec<Page> = texts.iter().cloned().map(Page::from).collect();
            let page = Page::joined(&pages);
            let mut read = String::new();
            // Not `MultiGzDecoder`: it must be one member.
            let gzip = page.gzip();
            let mut decoder = GzDecoder::new(&gzip[..]);
            decoder.read_to_string(&mut read).unwrap();
            prop_assert_eq!(&read, &texts.concat());
            prop_assert_eq!(page.plain(), Bytes::from(read));
            prop_assert!(decoder.into_inner().is_empty());
        }
    }
}
