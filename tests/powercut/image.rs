//! What a power cut may leave of the writes that were not yet synced.

use fastrand::Rng;

use super::disk::{Event, write};

/// What a disk writes at once or not at all.
const SECTOR: usize = 512;

/// What becomes of the writes since the last sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All are lost.
    Lost,
    /// All arrived.
    Kept,
    /// Some are lost.
    Some,
    /// Some are lost, and the others arrived in another order.
    Reordered,
    /// Each sector of each write arrived or did not, in any order.
    Torn,
}

impl Cut {
    pub const ALL: [Self; 5] = [Self::Lost, Self::Kept, Self::Some, Self::Reordered, Self::Torn];

    /// The disk after a cut: `durable` with what remains of `unsynced`.
    pub fn image(self, durable: &[u8], unsynced: &[&Event], random: &mut Rng) -> Vec<u8> {
        let mut bytes = durable.to_vec();
        let mut kept: Vec<&Event> = match self {
            Self::Lost => Vec::new(),
            Self::Kept | Self::Torn => unsynced.to_vec(),
            Self::Some | Self::Reordered => unsynced.iter().copied().filter(|_| random.bool()).collect(),
        };
        if matches!(self, Self::Reordered | Self::Torn) {
            random.shuffle(&mut kept);
        }
        for event in kept {
            match event {
                Event::Write { offset, data } if self == Self::Torn => {
                    tear(&mut bytes, *offset, data, random)
                }
                Event::SetLen(_) if self == Self::Torn && random.bool() => {}
                event => event.apply(&mut bytes),
            }
        }
        bytes
    }
}

/// Writes some of the sectors that a write touches.
fn tear(bytes: &mut Vec<u8>, offset: usize, data: &[u8], random: &mut Rng) {
    let mut start = 0;
    while start < data.len() {
        // Up to the end of the sector that this byte lies in.
        let end = data.len().min(start + SECTOR - (offset + start) % SECTOR);
        if random.bool() {
            write(bytes, offset + start, &data[start..end]);
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sectors_are_torn_whole() {
        let data = vec![9; 3_000];
        let mut arrived = 0;
        for seed in 0..20 {
            let mut bytes = vec![0; 4_096];
            tear(&mut bytes, 300, &data, &mut Rng::with_seed(seed));
            for (n, sector) in bytes.chunks(SECTOR).enumerate() {
                let inside =
                    &sector[if n == 0 { 300 } else { 0 }..if n == 6 { 3_300 - 6 * SECTOR } else { SECTOR }];
                let written = inside.iter().filter(|byte| **byte == 9).count();
                assert!(n == 7 || written == 0 || written == inside.len(), "sector {n}");
                arrived += written;
            }
        }
        assert!((20_000..40_000).contains(&arrived), "about half of 60,000: {arrived}");
    }
}
