//! Where a file's content is cut into pieces.
//!
//! A cut is where the Rabin fingerprint of the last 64 bytes ends in zeros (M. O. Rabin, "Fingerprinting by random
//! polynomials", 1981), so that equal stretches of two files give equal pieces wherever they stand. The positions are
//! those of restic's chunker with the repository's polynomial: what either program stored, the other one finds again.

use std::io::{self, Read};

use rustic_core::repofile::{Chunker, ConfigFile};

use super::super::{RepositoryError, Result, fault::repository_error, inflate::MOST_OF_PIECE};

/// Bytes that a fingerprint is of.
const WINDOW: usize = 64;
/// How far one lane looks.
const LANE: usize = 4096;
/// Bytes that are read before they are looked at.
const STEP: usize = 256 << 10;

/// Finds cuts.
pub(super) struct Cutter {
    /// What a byte adds to the fingerprint, when 63 others came after it.
    outgoing: [u64; 256],
    /// What brings a fingerprint back below the polynomial's degree, by its eight bits above.
    reduction: [u64; 256],
    shift: u32,
    mask: u64,
    /// Bytes of a piece: at least, unless it is a file's last one, and at most.
    pub(super) least: usize,
    pub(super) most: usize,
}

impl Cutter {
    pub(super) fn new(config: &ConfigFile) -> Result<Self> {
        let (mut least, mut most) = (config.chunk_min_size(), config.chunk_max_size());
        if config.chunker() == Chunker::FixedSize {
            (least, most) = (config.chunk_size(), config.chunk_size());
        }
        let polynomial = config.poly().map_err(|error| repository_error(&error))?;
        if least < WINDOW
            || most < least
            || most > MOST_OF_PIECE
            || !config.chunk_size().is_power_of_two()
            || polynomial < 1 << 8
        {
            let detail = tr!("its file \"config\" says in no possible way how files are cut");
            return Err(RepositoryError::Damaged { detail });
        }
        let mask = config.chunk_size() as u64 - 1;
        Ok(Self::with(polynomial, mask, least, most))
    }

    fn with(polynomial: u64, mask: u64, least: usize, most: usize) -> Self {
        let degree = polynomial.ilog2();
        let reduction = std::array::from_fn(|byte| {
            let above = (byte as u64) << degree;
            above | remainder(above, polynomial)
        });
        let mut cutter = Self { outgoing: [0; 256], reduction, shift: degree - 8, mask, least, most };
        cutter.outgoing = std::array::from_fn(|byte| {
            let first = remainder(byte as u64, polynomial);
            (1..WINDOW).fold(first, |fingerprint, _| cutter.append(fingerprint, 0))
        });
        cutter
    }

    fn append(&self, fingerprint: u64, byte: u8) -> u64 {
        let above = (fingerprint >> self.shift) & 0xff;
        ((fingerprint << 8) | u64::from(byte)) ^ self.reduction[usize::from(above.to_le_bytes()[0])]
    }

    fn slide(&self, fingerprint: u64, leaving: u8, coming: u8) -> u64 {
        self.append(fingerprint ^ self.outgoing[usize::from(leaving)], coming)
    }

    fn fingerprint(&self, window: &[u8]) -> u64 {
        window.iter().fold(0, |fingerprint, byte| self.append(fingerprint, *byte))
    }

    fn cuts(&self, fingerprint: u64) -> bool {
        fingerprint & self.mask == 0
    }

    /// The first position from `from` on, which is at least [`WINDOW`], where `data` is cut.
    ///
    /// A fingerprint depends on the one before it, and a processor waits for each. Four stretches side by side keep it
    /// busy.
    fn find(&self, data: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        while at + 4 * LANE <= data.len() {
            if let Some(found) = self.find_in_lanes(data, at) {
                return Some(found);
            }
            at += 4 * LANE;
        }
        let mut fingerprint = self.fingerprint(&data[at - WINDOW..at]);
        while !self.cuts(fingerprint) {
            if at == data.len() {
                return None;
            }
            fingerprint = self.slide(fingerprint, data[at - WINDOW], data[at]);
            at += 1;
        }
        Some(at)
    }

    /// Looks at the positions `at..at + 4 * LANE`, all of which are in `data`.
    fn find_in_lanes(&self, data: &[u8], at: usize) -> Option<usize> {
        let start = |lane: usize| at + lane * LANE;
        let leaving: [&[u8]; 4] = std::array::from_fn(|lane| &data[start(lane) - WINDOW..][..LANE]);
        let coming: [&[u8]; 4] = std::array::from_fn(|lane| &data[start(lane)..][..LANE]);
        let mut prints: [u64; 4] = std::array::from_fn(|lane| self.fingerprint(&leaving[lane][..WINDOW]));
        let mut found = [None; 4];
        for offset in 0..LANE {
            if prints.iter().any(|print| self.cuts(*print)) {
                for lane in 0..4 {
                    if self.cuts(prints[lane]) && found[lane].is_none() {
                        found[lane] = Some(start(lane) + offset);
                    }
                }
                if found[0].is_some() {
                    break;
                }
            }
            for lane in 0..4 {
                prints[lane] = self.slide(prints[lane], leaving[lane][offset], coming[lane][offset]);
            }
        }
        found.into_iter().flatten().next()
    }

    /// Cuts what `reader` gives.
    pub(super) fn pieces<R: Read>(&self, reader: R) -> Pieces<'_, R> {
        Pieces { cutter: self, reader, rest: Vec::new(), ended: false }
    }
}

/// `value` modulo `polynomial`, both polynomials over the field of two elements.
fn remainder(mut value: u64, polynomial: u64) -> u64 {
    let degree = polynomial.ilog2();
    while value.checked_ilog2().is_some_and(|top| top >= degree) {
        value ^= polynomial << (value.ilog2() - degree);
    }
    value
}

/// The pieces of one file.
pub(super) struct Pieces<'a, R> {
    cutter: &'a Cutter,
    reader: R,
    /// Read, but behind the last cut.
    rest: Vec<u8>,
    ended: bool,
}

impl<R: Read> Pieces<'_, R> {
    /// The next piece, or none at the file's end.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (least, most) = (self.cutter.least, self.cutter.most);
        let mut piece = std::mem::take(&mut self.rest);
        let mut looked = least;
        loop {
            let end = piece.len().min(most);
            if looked <= end {
                if let Some(cut) = self.cutter.find(&piece[..end], looked) {
                    self.rest = piece.split_off(cut);
                    return Ok(Some(piece));
                }
                looked = end + 1;
            }
            if piece.len() >= most {
                self.rest = piece.split_off(most);
                return Ok(Some(piece));
            }
            if self.ended {
                return Ok((!piece.is_empty()).then_some(piece));
            }
            self.read(&mut piece)?;
        }
    }

    fn read(&mut self, piece: &mut Vec<u8>) -> io::Result<()> {
        let wanted = self.cutter.least.saturating_sub(piece.len()).max(STEP);
        piece.reserve(wanted);
        let read = (&mut self.reader).take(wanted as u64).read_to_end(piece)?;
        self.ended = read < wanted;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngCore, SeedableRng, rngs::SmallRng};

    use super::{Cutter, WINDOW, remainder};

    /// One that restic's chunker uses in its own tests.
    const POLYNOMIAL: u64 = 0x003D_A335_8B4D_C173;

    fn noise(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        SmallRng::seed_from_u64(11).fill_bytes(&mut bytes);
        bytes
    }

    /// By the definition: the bytes as one polynomial, divided.
    fn fingerprint(window: &[u8]) -> u64 {
        window.iter().fold(0, |rest, byte| {
            (0..8).rev().fold(rest, |rest, bit| remainder(rest << 1 | u64::from(byte >> bit & 1), POLYNOMIAL))
        })
    }

    #[test]
    fn cuts_are_where_the_definition_puts_them() {
        let (least, most, mask) = (1000, 9000, 0xfff);
        let cutter = Cutter::with(POLYNOMIAL, mask, least, most);
        let data = noise(300_000);
        let mut expected = Vec::new();
        let mut start = 0;
        while start < data.len() {
            let last = data.len().min(start + most);
            let cut = (start + least..last).find(|at| fingerprint(&data[at - WINDOW..*at]) & mask == 0);
            let end = cut.unwrap_or(last);
            expected.push(data[start..end].to_vec());
            start = end;
        }
        let mut pieces = cutter.pieces(data.as_slice());
        let cut: Vec<_> = std::iter::from_fn(|| pieces.next().unwrap()).collect();
        assert!(cut.len() > 40, "{} pieces", cut.len());
        assert!(cut == expected);
    }

    #[test]
    fn lanes_and_a_single_stretch_find_the_same() {
        let data = noise(400_000);
        let cutter = Cutter::with(POLYNOMIAL, 0x3fff, WINDOW, data.len());
        let mut at = WINDOW;
        while let Some(found) = cutter.find(&data, at) {
            assert!((at..found).all(|before| fingerprint(&data[before - WINDOW..before]) & 0x3fff != 0));
            assert_eq!(fingerprint(&data[found - WINDOW..found]) & 0x3fff, 0);
            at = found + 1;
        }
        assert!(at > 300_000);
    }
}
