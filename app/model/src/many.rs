//! One thing done to many projects at once.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    form::{FormCheck, FormErrors},
    ids::ProjectId,
    language::msgid,
    list::PAGE_SIZES,
    rule::RuleError,
};

/// What is done to each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManyDeed {
    /// A backup by the first policy of each.
    BackUpNow,
    /// All schedules are paused.
    Pause,
    /// All schedules go on.
    Resume,
    Lock,
    Unlock,
}

impl ManyDeed {
    pub const ALL: [Self; 5] = [Self::BackUpNow, Self::Pause, Self::Resume, Self::Lock, Self::Unlock];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BackUpNow => "back_up_now",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
        }
    }

    /// For people, to be translated.
    pub const fn label(self) -> &'static str {
        match self {
            Self::BackUpNow => msgid("Back Up Now"),
            Self::Pause => msgid("Pause Schedules"),
            Self::Resume => msgid("Resume Schedules"),
            Self::Lock => msgid("Lock Project"),
            Self::Unlock => msgid("Unlock Project"),
        }
    }
}

impl fmt::Display for ManyDeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ManyDeed {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|deed| deed.as_str() == text)
            .ok_or(RuleError::Unlisted { field: msgid("With the chosen projects") })
    }
}

/// The form below a list with ticks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ManyProjectsForm {
    pub projects: Vec<String>,
    pub deed: String,
}

impl ManyProjectsForm {
    /// The deed, and the projects in the order of their ids.
    ///
    /// # Errors
    /// Where no project is chosen, more than a page has, or what is none.
    pub fn parse(&self) -> Result<(ManyDeed, BTreeSet<ProjectId>), FormErrors> {
        let mut check = FormCheck::default();
        let deed = check.field("deed", self.deed.parse());
        let unlisted = || RuleError::Unlisted { field: msgid("Projects") };
        let ids: Result<BTreeSet<ProjectId>, _> =
            self.projects.iter().map(|id| id.parse().map_err(|_| unlisted())).collect();
        let most = usize::try_from(PAGE_SIZES[PAGE_SIZES.len() - 1]).unwrap_or(usize::MAX);
        let ids = ids.and_then(|ids| match ids.len() {
            0 => Err(RuleError::NothingChosen),
            count if count > most => Err(unlisted()),
            _ => Ok(ids),
        });
        let ids = check.field("deed", ids);
        check.finish(deed.zip(ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(projects: &[&str], deed: &str) -> ManyProjectsForm {
        ManyProjectsForm { projects: projects.iter().map(|id| (*id).to_owned()).collect(), deed: deed.to_owned() }
    }

    #[test]
    fn each_project_counts_once() {
        for deed in ManyDeed::ALL {
            let (parsed, ids) = form(&["2", "1", "2"], deed.as_str()).parse().unwrap();
            assert_eq!((parsed, ids), (deed, BTreeSet::from([ProjectId(1), ProjectId(2)])));
        }
    }

    #[test]
    fn what_cannot_be_done_is_told_at_the_choice() {
        let many: Vec<String> = (0..=PAGE_SIZES[PAGE_SIZES.len() - 1]).map(|id| id.to_string()).collect();
        let many = ManyProjectsForm { projects: many, deed: "lock".to_owned() };
        for form in [form(&[], "lock"), form(&["x"], "lock"), form(&["1"], "delete"), many] {
            assert!(form.parse().unwrap_err().message_for("deed").is_some());
        }
    }
}
