//! The times in CMAF chunks (ISO/IEC 14496-12): `tfdt` and the sample durations, read independently of the packager.

use anyhow::{Context, ensure};

/// The times of one `moof`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// `tfdt`: decode time of the first sample.
    pub start: u64,
    /// Sum of the sample durations.
    pub duration: u64,
}

/// Every `moof` of a segment, in order.
///
/// # Errors
/// When a box is broken, or `moof` lacks what CMAF asks for.
pub fn fragments(segment: &[u8]) -> anyhow::Result<Vec<Fragment>> {
    let moofs = children(segment)?.into_iter().filter(|(kind, _)| kind == b"moof");
    moofs.map(|(_, body)| fragment(body)).collect()
}

/// Units a second of the track in an init segment: `mdhd`.
///
/// # Errors
/// When there is none.
pub fn timescale(init: &[u8]) -> anyhow::Result<u64> {
    let mdhd = find(init, &[*b"moov", *b"trak", *b"mdia", *b"mdhd"])?;
    let at = if mdhd.first() == Some(&1) { 20 } else { 12 };
    Ok(u64::from(word(mdhd, at)?))
}

fn fragment(moof: &[u8]) -> anyhow::Result<Fragment> {
    let traf = find(moof, &[*b"traf"])?;
    let tfdt = find(traf, &[*b"tfdt"])?;
    let start = match tfdt.first() {
        Some(1) => u64::from(word(tfdt, 4)?) << 32 | u64::from(word(tfdt, 8)?),
        _ => u64::from(word(tfdt, 4)?),
    };
    let default = default_duration(find(traf, &[*b"tfhd"])?)?;
    Ok(Fragment { start, duration: durations(find(traf, &[*b"trun"])?, default)? })
}

/// 8.8.7: flags 0x01, 0x02, 0x08 say which optional fields there are before the default duration.
fn default_duration(tfhd: &[u8]) -> anyhow::Result<Option<u64>> {
    let flags = word(tfhd, 0)?;
    let at = 8 + if flags & 1 == 0 { 0 } else { 8 } + if flags & 2 == 0 { 0 } else { 4 };
    if flags & 8 == 0 { Ok(None) } else { Ok(Some(u64::from(word(tfhd, at)?))) }
}

/// 8.8.8: flags 0x100, 0x200, 0x400, 0x800 say which fields each sample has, its duration first.
fn durations(trun: &[u8], default: Option<u64>) -> anyhow::Result<u64> {
    let flags = word(trun, 0)?;
    let count = word(trun, 4)? as usize;
    let first = 8 + if flags & 1 == 0 { 0 } else { 4 } + if flags & 4 == 0 { 0 } else { 4 };
    if flags & 0x100 == 0 {
        return Ok(default.context("neither tfhd nor trun has a duration")? * count as u64);
    }
    let fields = [0x100, 0x200, 0x400, 0x800].iter().filter(|flag| flags & **flag != 0).count();
    (0..count).map(|index| word(trun, first + index * fields * 4).map(u64::from)).sum()
}

fn find<'a>(mut within: &'a [u8], path: &[[u8; 4]]) -> anyhow::Result<&'a [u8]> {
    for kind in path {
        let found = children(within)?.into_iter().find(|(each, _)| each == kind);
        within = found.with_context(|| format!("no {} box", String::from_utf8_lossy(kind)))?.1;
    }
    Ok(within)
}

fn children(mut bytes: &[u8]) -> anyhow::Result<Vec<([u8; 4], &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let size = word(bytes, 0)? as usize;
        ensure!((8..=bytes.len()).contains(&size), "a box of {size} bytes where {} are left", bytes.len());
        found.push((word(bytes, 4)?.to_be_bytes(), &bytes[8..size]));
        bytes = &bytes[size..];
    }
    Ok(found)
}

fn word(bytes: &[u8], at: usize) -> anyhow::Result<u32> {
    let four = bytes.get(at..at + 4).context("a box ends too early")?;
    Ok(u32::from_be_bytes(four.try_into().context("four bytes")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, body].concat()
    }

    fn words(list: &[u32]) -> Vec<u8> {
        list.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn durations_come_from_the_samples_or_the_default() {
        let tfhd = boxed(b"tfhd", &words(&[8, 1, 12_000]));
        let tfdt = boxed(b"tfdt", &words(&[0x0100_0000, 1, 5]));
        let by_default = boxed(b"trun", &words(&[1, 3, 100]));
        let one_by_one = boxed(b"trun", &words(&[0x301, 2, 100, 7, 50, 9, 60]));
        let moof =
            |trun: &[u8]| boxed(b"moof", &boxed(b"traf", &[tfhd.as_slice(), tfdt.as_slice(), trun].concat()));
        let segment = [moof(&by_default), boxed(b"mdat", &[0; 5]), moof(&one_by_one)].concat();
        let start = (1 << 32) + 5;
        let expected = [Fragment { start, duration: 36_000 }, Fragment { start, duration: 16 }];
        assert_eq!(fragments(&segment).unwrap(), expected);
        assert!(fragments(&segment[..segment.len() - 1]).is_err());
    }
}
