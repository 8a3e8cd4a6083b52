//! How projects stand: the one definition behind the dashboard's sentence and tiles, the list's filter and the digest.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{language::msgid, rule::RuleError};

/// How a project stands, the worst first. Each project stands in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// A verification found that its repository is damaged.
    Damaged,
    /// Its last finished run failed.
    Failed,
    /// A policy's run did not come when it should have.
    Overdue,
    /// The credential that it is backed up with is locked.
    Blocked,
    /// Its last finished run left something out or was cancelled.
    Incomplete,
    /// Backup is on, and no run has finished yet.
    Waiting,
    /// Its last backup is well, but no policy makes further ones.
    Unscheduled,
    /// Backup is off.
    Off,
    /// Its last backup is well, and further ones come.
    Protected,
}

/// How much a standing matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Good,
    Warning,
    Bad,
}

impl Standing {
    pub const ALL: [Self; 9] = [
        Self::Damaged,
        Self::Failed,
        Self::Overdue,
        Self::Blocked,
        Self::Incomplete,
        Self::Waiting,
        Self::Unscheduled,
        Self::Off,
        Self::Protected,
    ];

    /// As it stands in addresses and in the database's answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Failed => "failed",
            Self::Overdue => "overdue",
            Self::Blocked => "blocked",
            Self::Incomplete => "incomplete",
            Self::Waiting => "waiting",
            Self::Unscheduled => "unscheduled",
            Self::Off => "off",
            Self::Protected => "protected",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Damaged => msgid("Damaged"),
            Self::Failed => msgid("Failed"),
            Self::Overdue => msgid("Overdue"),
            Self::Blocked => msgid("Credential locked"),
            Self::Incomplete => msgid("Incomplete"),
            Self::Waiting => msgid("No backup yet"),
            Self::Unscheduled => msgid("No schedule"),
            Self::Off => msgid("Not backed up"),
            Self::Protected => msgid("Protected"),
        }
    }

    pub const fn level(self) -> Level {
        match self {
            Self::Damaged | Self::Failed | Self::Overdue => Level::Bad,
            Self::Blocked | Self::Incomplete | Self::Waiting | Self::Unscheduled | Self::Off => Level::Warning,
            Self::Protected => Level::Good,
        }
    }

    /// Whether somebody has something to do about it. That a project is not backed up may be meant so.
    pub const fn needs_attention(self) -> bool {
        !matches!(self, Self::Off | Self::Protected)
    }

    /// So many projects stand so, as part of a sentence.
    pub fn counted(self, count: u64) -> String {
        match self {
            Self::Damaged => tr!("{n} damaged" | "{n} damaged" % count),
            Self::Failed => tr!("{n} failed" | "{n} failed" % count),
            Self::Overdue => tr!("{n} overdue" | "{n} overdue" % count),
            Self::Blocked => tr!("{n} with a locked credential" | "{n} with a locked credential" % count),
            Self::Incomplete => tr!("{n} incomplete" | "{n} incomplete" % count),
            Self::Waiting => tr!("{n} without a backup yet" | "{n} without a backup yet" % count),
            Self::Unscheduled => tr!("{n} without a schedule" | "{n} without a schedule" % count),
            Self::Off => tr!("{n} not backed up" | "{n} not backed up" % count),
            Self::Protected => tr!("{n} protected" | "{n} protected" % count),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Standing {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let found = Self::ALL.into_iter().find(|standing| standing.as_str() == text);
        found.ok_or(RuleError::Unlisted { field: msgid("Status") })
    }
}

/// How many projects stand in each place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standings {
    counts: [u64; Standing::ALL.len()],
    /// Projects of which something is being backed up now, however they stand.
    pub running: u64,
}

impl Standings {
    pub const fn of(&self, standing: Standing) -> u64 {
        self.counts[standing as usize]
    }

    pub const fn add(&mut self, standing: Standing, count: u64) {
        self.counts[standing as usize] += count;
    }

    /// Adds the projects of another organization.
    pub fn merge(&mut self, other: &Self) {
        for standing in Standing::ALL {
            self.add(standing, other.of(standing));
        }
        self.running += other.running;
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Projects about which somebody has something to do.
    pub fn need_attention(&self) -> u64 {
        Standing::ALL.into_iter().filter(|standing| standing.needs_attention()).map(|standing| self.of(standing)).sum()
    }

    /// The standings other than protected that there are, the worst first.
    pub fn unprotected(&self) -> impl Iterator<Item = (Standing, u64)> + use<> {
        let counts = *self;
        let all = Standing::ALL.into_iter().map(move |standing| (standing, counts.of(standing)));
        all.filter(|(standing, count)| *standing != Standing::Protected && *count > 0)
    }

    pub fn level(&self) -> Level {
        self.unprotected().map(|(standing, _)| standing.level()).max().unwrap_or(Level::Good)
    }

    /// "12 of 15 projects protected · 2 failed · 1 not backed up".
    pub fn sentence(&self) -> String {
        let parts = self.unprotected().map(|(standing, count)| standing.counted(count));
        std::iter::once(self.protected_of_all()).chain(parts).collect::<Vec<_>>().join(" · ")
    }

    pub fn protected_of_all(&self) -> String {
        let (protected, total) = (self.of(Standing::Protected), self.total());
        if protected == total {
            return tr!("The project is protected" | "All {n} projects are protected" % total);
        }
        tr!("{0} of {n} project protected" | "{0} of {n} projects protected" % total, protected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_and_its_level_tell_the_same() {
        let mut standings = Standings::default();
        standings.add(Standing::Protected, 12);
        assert_eq!((standings.sentence().as_str(), standings.level()), ("All 12 projects are protected", Level::Good));
        standings.add(Standing::Off, 1);
        assert_eq!(standings.level(), Level::Warning);
        standings.add(Standing::Failed, 2);
        assert_eq!(standings.sentence(), "12 of 15 projects protected · 2 failed · 1 not backed up");
        assert_eq!((standings.level(), standings.need_attention(), standings.total()), (Level::Bad, 2, 15));
    }

    #[test]
    fn a_standing_is_read_as_it_is_written() {
        for (index, standing) in Standing::ALL.into_iter().enumerate() {
            assert_eq!(standing.as_str().parse::<Standing>().unwrap(), standing);
            assert_eq!(standing as usize, index);
        }
        assert!("fine".parse::<Standing>().is_err());
    }
}
