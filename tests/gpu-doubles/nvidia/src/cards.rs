//! Which devices there are: those in the file that `DOUBLE_NVIDIA` names, one a line, `0000:41:00.0 15360 Tesla T4`
//! (place on the bus, MiB of memory, name), in the order that NVML gives them. CUDA counts them the other way round: its
//! order is another one on real machines too.

use std::sync::OnceLock;

/// One device.
pub(crate) struct Card {
    /// Its name in faults.
    pub(crate) place: String,
    pub(crate) memory_mib: u64,
    pub(crate) name: String,
}

/// All of them, as NVML counts.
pub(crate) fn all() -> &'static [Card] {
    static CARDS: OnceLock<Vec<Card>> = OnceLock::new();
    CARDS.get_or_init(|| {
        let file = std::env::var_os("DOUBLE_NVIDIA").and_then(|path| std::fs::read_to_string(path).ok());
        file.unwrap_or_default().lines().filter_map(card).collect()
    })
}

fn card(line: &str) -> Option<Card> {
    let mut words = line.splitn(3, ' ');
    let (place, memory, name) = (words.next()?, words.next()?, words.next()?);
    Some(Card { place: place.into(), memory_mib: memory.parse().ok()?, name: name.into() })
}

/// By CUDA's number.
pub(crate) fn of_cuda(number: i32) -> Option<&'static Card> {
    all().iter().rev().nth(usize::try_from(number).ok()?)
}
