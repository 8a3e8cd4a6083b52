//! Backup policies: when a project is backed up, what of it, and how long a backup is kept.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    form::{FormCheck, FormErrors, Ticked},
    ids::{PolicyId, ProjectId},
    keep::{KeepCounts, KeepForm},
    language::msgid,
    names::{Hidden, PolicyName},
    notification::HookUrl,
    outlook::{Outlook, OutlookForm},
    pattern::Patterns,
    project::LastBackup,
    retention::Retention,
    rule::RuleError,
    schedule::{CUSTOM_PERIOD, CronPeriod, CronPreview, CronWords, TimeZone},
    size,
};

/// The form that adds a policy, or edits one where it names it, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyForm {
    /// Read where a policy is added.
    pub project: String,
    /// Read where one is edited, and the version that the person saw.
    pub policy: String,
    pub version: String,
    pub name: String,
    /// A common period's expression, or `custom`.
    pub cron_period: String,
    /// Read where the period is `custom`.
    pub cron_expression: String,
    /// The expression in words, read where it is typed and empty: without a script the fields do not fill it in.
    pub compose: CronWords,
    pub time_zone: String,
    pub retention: String,
    /// One pattern a line.
    pub include: String,
    pub exclude: String,
    pub one_file_system: Ticked,
    pub exclude_caches: Ticked,
    /// A size such as `500 MiB`; empty leaves out no file.
    pub exclude_larger_than: String,
    pub keep: KeepForm,
    /// Told how each run goes, as Healthchecks wants it. Empty keeps the stored one.
    pub ping_url: Hidden,
    /// Takes a stored one away.
    pub forget_ping: Ticked,
    /// Below how many percent of what they were backups are unusual. 0 is never; empty is as usual.
    pub unusual_below: String,
    /// Lets backups go that have reached their end by the changed rules.
    pub confirm_shorter: Ticked,
}

/// What a policy leaves out of a directory beside what its patterns exclude. By default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceOptions {
    /// What is mounted inside the directory.
    pub one_file_system: bool,
    /// What lies beside a valid `CACHEDIR.TAG`.
    pub exclude_caches: bool,
    /// Files of more bytes.
    pub exclude_larger_than: Option<u64>,
}

/// What becomes of a policy's Ping URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PingChange {
    Keep,
    Forget,
    Set(HookUrl),
}

/// What a form that is in order says.
#[derive(Clone, Debug)]
pub struct PolicyTerms {
    pub name: PolicyName,
    pub cron: CronPeriod,
    pub time_zone: TimeZone,
    pub retention: Retention,
    pub include: Patterns,
    pub exclude: Patterns,
    pub options: SourceOptions,
    pub keep: KeepCounts,
    pub ping: PingChange,
    /// In percent, 0 to 99; 0 where no backup is unusual.
    pub unusual_below: u8,
}

/// The part of them that needs neither a calendar nor patterns.
struct PlainTerms {
    name: PolicyName,
    retention: Retention,
    exclude_larger_than: Option<u64>,
    keep: KeepCounts,
    ping: PingChange,
    unusual_below: u8,
}

/// What the form starts with, in percent.
pub const USUAL_PERCENT: u8 = 50;

fn size_limit(text: &str) -> Result<Option<u64>, RuleError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    size::parse(text)
        .filter(|bytes| *bytes > 0)
        .map(Some)
        .ok_or(RuleError::Size { field: msgid("Exclude Larger Than") })
}

fn percent(text: &str) -> Result<u8, RuleError> {
    const MOST: u16 = 99;
    let text = text.trim();
    if text.is_empty() {
        return Ok(USUAL_PERCENT);
    }
    let error = RuleError::Count { field: msgid("Unusual Below"), max: MOST };
    text.parse().ok().filter(|percent| u16::from(*percent) <= MOST).ok_or(error)
}

impl PolicyForm {
    pub fn project(&self) -> Result<ProjectId, RuleError> {
        self.project.parse().map_err(|_| RuleError::Unlisted { field: msgid("Project") })
    }

    pub fn policy(&self) -> Result<PolicyId, RuleError> {
        self.policy.parse().map_err(|_| RuleError::Unlisted { field: msgid("Policy") })
    }

    pub fn version(&self) -> Result<i64, RuleError> {
        self.version.parse().map_err(|_| RuleError::Unlisted { field: msgid("Version") })
    }

    /// `now` decides whether the cron expression still fires.
    pub fn parse(&self, now: DateTime<Utc>) -> Result<PolicyTerms, FormErrors> {
        let mut check = FormCheck::default();
        let plain = self.parse_plain(&mut check);
        let expression = self.expression_that_counts(&mut check);
        let cron =
            expression.and_then(|expression| check.field(self.cron_field(), CronPeriod::parse(&expression, now)));
        let time_zone = check.field("time_zone", TimeZone::parse(&self.time_zone));
        let include = check.field("include", Patterns::parse_include(&self.include));
        let exclude = check.field("exclude", Patterns::parse_exclude(&self.exclude));
        let terms = (|| {
            let PlainTerms { name, retention, exclude_larger_than, keep, ping, unusual_below } = plain?;
            Some(PolicyTerms {
                name,
                cron: cron?,
                time_zone: time_zone?,
                retention,
                include: include?,
                exclude: exclude?,
                options: SourceOptions {
                    one_file_system: self.one_file_system.0,
                    exclude_caches: self.exclude_caches.0,
                    exclude_larger_than,
                },
                keep,
                ping,
                unusual_below,
            })
        })();
        check.finish(terms)
    }

    /// What is wrong with the fields whose rules a browser knows. Expressions, time zones and patterns need the server,
    /// which says what they mean while they are typed.
    pub fn plainly_wrong(&self) -> Option<FormErrors> {
        let mut check = FormCheck::default();
        let plain = self.parse_plain(&mut check);
        check.finish(plain).err()
    }

    fn parse_plain(&self, check: &mut FormCheck) -> Option<PlainTerms> {
        let name = check.field("name", PolicyName::parse(&self.name));
        let retention = check.field("retention", Retention::parse(&self.retention));
        let exclude_larger_than = check.field("exclude_larger_than", size_limit(&self.exclude_larger_than));
        let keep = self.keep.parse(check);
        let ping = check.field("ping_url", self.ping());
        let unusual_below = check.field("unusual_below", percent(&self.unusual_below));
        Some(PlainTerms {
            name: name?,
            retention: retention?,
            exclude_larger_than: exclude_larger_than?,
            keep: keep?,
            ping: ping?,
            unusual_below: unusual_below?,
        })
    }

    fn ping(&self) -> Result<PingChange, RuleError> {
        if !self.ping_url.expose().trim().is_empty() {
            return HookUrl::parse(msgid("Ping URL"), &self.ping_url).map(PingChange::Set);
        }
        Ok(if self.forget_ping.0 { PingChange::Forget } else { PingChange::Keep })
    }

    fn is_custom(&self) -> bool {
        matches!(self.cron_period.as_str(), CUSTOM_PERIOD | "")
    }

    /// What decides which of its backups remain.
    pub fn outlook(&self) -> OutlookForm {
        OutlookForm {
            expression: self.expression().to_owned(),
            time_zone: self.time_zone.clone(),
            retention: self.retention.clone(),
            keep: self.keep.clone(),
        }
    }

    /// The expression that is chosen or typed.
    pub fn expression(&self) -> &str {
        if self.is_custom() { &self.cron_expression } else { &self.cron_period }
    }

    /// The same, composed of words where nothing else is there.
    fn expression_that_counts(&self, check: &mut FormCheck) -> Option<Cow<'_, str>> {
        if self.expression().trim().is_empty() && !self.compose.is_empty() {
            self.compose.compose(check).map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(self.expression()))
        }
    }

    fn cron_field(&self) -> &'static str {
        if self.is_custom() { "cron_expression" } else { "cron_period" }
    }
}

/// What the form starts with, for a new policy or for one that is edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDraft {
    pub form: PolicyForm,
    /// Whether patterns name tables of a database, or files.
    pub of_database: bool,
    /// Whether a Ping URL is stored.
    pub has_ping: bool,
    /// What the period means that the form starts with; `None` where a stored one is not understood any more.
    pub preview: Option<CronPreview>,
    /// Which backups would remain.
    pub outlook: Option<Outlook>,
}

/// What a policy's patterns match in the source as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternTrial {
    /// Each pattern of Include but `**`, in the order in which they were written.
    pub include: Vec<TriedPattern>,
    /// Each pattern of Exclude, likewise. One in a directory that matches only what another one excludes with its folder
    /// counts as matching nothing.
    pub exclude: Vec<TriedPattern>,
    /// What a backup would take, without what the policy's options leave out.
    pub amount: TrialAmount,
    pub extent: TrialExtent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedPattern {
    pub pattern: String,
    /// Whether it matches anything; `None` where too little was looked at to know.
    pub matches: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrialAmount {
    /// Of a directory; at least so much where not all of it was looked at.
    Files { files: u64, bytes: u64 },
    /// Of a database, partitions and children counted each.
    Tables { tables: u64 },
}

/// How much of a source was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrialExtent {
    Whole,
    /// Its beginning: it is too large for a form.
    Part,
    /// Nothing, for the file system did not answer in time or too many patterns are tried at this moment.
    NoAnswer,
    /// Nothing, for another node has the directory.
    Elsewhere,
}

/// A form that names a policy and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRef {
    pub policy: String,
}

impl PolicyRef {
    pub fn policy(&self) -> Result<PolicyId, RuleError> {
        self.policy.parse().map_err(|_| RuleError::Unlisted { field: msgid("Policy") })
    }
}

/// The state of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SchedulePhase {
    Enabled,
    Paused,
}

impl SchedulePhase {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => msgid("Enabled"),
            Self::Paused => msgid("Paused"),
        }
    }
}

/// A row of the tab Schedules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    pub id: PolicyId,
    pub name: String,
    pub cron: String,
    pub cron_words: String,
    pub time_zone: String,
    pub retention: String,
    /// What is kept beyond it, such as `last 3, 7 daily`; empty where nothing is.
    pub keep: String,
    /// Whether a Ping URL is told of its runs.
    pub has_ping: bool,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    pub phase: SchedulePhase,
    pub next_run: Option<DateTime<Utc>>,
    pub last_backup: Option<LastBackup>,
    /// Whether the reading person may change or delete it.
    pub may_change: bool,
    /// Backups of it that are there, without those that are marked for deletion.
    pub backups: u64,
    /// Below how many percent of what they were its backups are unusual; 0 never.
    pub unusual_below: u8,
    pub options: SourceOptions,
    pub created_by: String,
    pub created: DateTime<Utc>,
    pub modified_by: Option<String>,
    pub modified: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> PolicyForm {
        PolicyForm {
            name: "nightly".to_owned(),
            cron_period: "30 2 * * *".to_owned(),
            time_zone: "UTC".to_owned(),
            retention: "30d".to_owned(),
            ..PolicyForm::default()
        }
    }

    #[test]
    fn a_common_period_needs_no_expression() {
        let policy = form().parse(Utc::now()).unwrap();
        assert_eq!(policy.cron.as_str(), "30 2 * * *");
        assert_eq!(policy.include.as_slice(), ["**"]);
    }

    #[test]
    fn a_custom_period_is_typed_and_its_error_stands_there() {
        let form =
            PolicyForm { cron_period: CUSTOM_PERIOD.to_owned(), cron_expression: "0 0 30 2 *".to_owned(), ..form() };
        let errors = form.parse(Utc::now()).unwrap_err();
        assert_eq!(errors.message_for("cron_expression"), Some("Cron Expression never fires: no such date exists"));
    }

    #[test]
    fn words_count_where_no_expression_is_typed() {
        let words = CronWords { hour: "8 to 17".to_owned(), weekday: "weekdays".to_owned(), ..CronWords::default() };
        let custom = PolicyForm { cron_period: CUSTOM_PERIOD.to_owned(), compose: words, ..form() };
        assert_eq!(custom.parse(Utc::now()).unwrap().cron.as_str(), "0 8-17 * * 1-5");
        let typed = PolicyForm { cron_expression: "5 * * * *".to_owned(), ..custom.clone() };
        assert_eq!(typed.parse(Utc::now()).unwrap().cron.as_str(), "5 * * * *");
        let common = PolicyForm { cron_period: "30 2 * * *".to_owned(), ..custom.clone() };
        assert_eq!(common.parse(Utc::now()).unwrap().cron.as_str(), "30 2 * * *");
        let wrong = PolicyForm { compose: CronWords { hour: "noon".to_owned(), ..CronWords::default() }, ..custom };
        let errors = wrong.parse(Utc::now()).unwrap_err();
        assert_eq!(errors.fields.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["compose.hour"]);
    }
}
