//! The state of a run, a schedule, a thing: a word and a shape, and a colour for those who see it.

use leptos::prelude::*;
use model::{
    backup::{BackupPhase, RestorePhase},
    dashboard::Trouble,
    language::msgid,
    maintenance::{Health, MaintenancePhase},
    node::NodePhase,
    notification::DeliveryPhase,
    policy::SchedulePhase,
    standing::{Level, Standing},
};

use crate::components::icon::Icon;

/// How a state is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// To be translated.
    word: &'static str,
    icon: &'static str,
    class: &'static str,
}

const GOOD: &str = "badge badge-good";
const BUSY: &str = "badge badge-busy";
const WARN: &str = "badge badge-warn";
const BAD: &str = "badge badge-bad";
const CALM: &str = "badge badge-calm";

impl From<BackupPhase> for Look {
    fn from(phase: BackupPhase) -> Self {
        let (icon, class) = match phase {
            BackupPhase::Queued => ("clock", CALM),
            BackupPhase::InProgress => ("running", BUSY),
            BackupPhase::Completed => ("check-circle", GOOD),
            BackupPhase::PartiallyFailed => ("half", WARN),
            BackupPhase::Failed => ("cross-circle", BAD),
            BackupPhase::Cancelled => ("minus-circle", CALM),
            BackupPhase::Skipped => ("skip", WARN),
            BackupPhase::Deleting => ("trash", CALM),
        };
        Self { word: phase.label(), icon, class }
    }
}

impl From<RestorePhase> for Look {
    fn from(phase: RestorePhase) -> Self {
        let same = match phase {
            RestorePhase::Queued => BackupPhase::Queued,
            RestorePhase::InProgress => BackupPhase::InProgress,
            RestorePhase::Completed => BackupPhase::Completed,
            RestorePhase::PartiallyFailed => BackupPhase::PartiallyFailed,
            RestorePhase::Failed => BackupPhase::Failed,
            RestorePhase::Cancelled => BackupPhase::Cancelled,
        };
        Self { word: phase.label(), ..same.into() }
    }
}

impl From<MaintenancePhase> for Look {
    fn from(phase: MaintenancePhase) -> Self {
        let same = match phase {
            MaintenancePhase::Queued => BackupPhase::Queued,
            MaintenancePhase::InProgress => BackupPhase::InProgress,
            MaintenancePhase::Completed => BackupPhase::Completed,
            MaintenancePhase::Failed => BackupPhase::Failed,
            MaintenancePhase::Cancelled => BackupPhase::Cancelled,
        };
        Self { word: phase.label(), ..same.into() }
    }
}

impl From<Health> for Look {
    fn from(health: Health) -> Self {
        match health {
            Health::NotVerified => Self { word: msgid("Not verified yet"), icon: "clock", class: CALM },
            Health::Sound => Self { word: msgid("Healthy"), icon: "check-circle", class: GOOD },
            Health::Damaged => Self { word: msgid("Damaged"), icon: "cross-circle", class: BAD },
        }
    }
}

impl From<SchedulePhase> for Look {
    fn from(phase: SchedulePhase) -> Self {
        let (icon, class) = match phase {
            SchedulePhase::Enabled => ("check-circle", GOOD),
            SchedulePhase::Paused => ("pause", CALM),
        };
        Self { word: phase.as_str(), icon, class }
    }
}

impl From<DeliveryPhase> for Look {
    fn from(phase: DeliveryPhase) -> Self {
        let (icon, class) = match phase {
            DeliveryPhase::Queued => ("clock", CALM),
            DeliveryPhase::Sending => ("running", BUSY),
            DeliveryPhase::Delivered => ("check-circle", GOOD),
            DeliveryPhase::Failed => ("cross-circle", BAD),
        };
        Self { word: phase.label(), icon, class }
    }
}

impl From<Trouble> for Look {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::ClockInDoubt => Self { word: trouble.label(), icon: "clock", class: BAD },
            Trouble::CredentialFails => Self { word: trouble.label(), icon: "key", class: BAD },
            Trouble::CredentialLocked => Self { word: trouble.label(), icon: "lock", class: WARN },
            Trouble::RemovalFails => Self { word: trouble.label(), icon: "trash", class: WARN },
            Trouble::Project(standing) => standing.into(),
        }
    }
}

impl From<Standing> for Look {
    fn from(standing: Standing) -> Self {
        let icon = match standing {
            Standing::Damaged | Standing::Waiting => "alert",
            Standing::Failed => "cross-circle",
            Standing::Overdue => "clock",
            Standing::Blocked => "lock",
            Standing::Incomplete => "half",
            Standing::Unscheduled => "pause",
            Standing::Off => "minus-circle",
            Standing::Protected => "check-circle",
        };
        let class = match (standing, standing.level()) {
            (Standing::Off, _) => CALM,
            (_, Level::Good) => GOOD,
            (_, Level::Warning) => WARN,
            (_, Level::Bad) => BAD,
        };
        Self { word: standing.label(), icon, class }
    }
}

impl From<NodePhase> for Look {
    fn from(phase: NodePhase) -> Self {
        match phase {
            NodePhase::Working => Self { word: msgid("Working"), icon: "check-circle", class: GOOD },
            NodePhase::Silent => Self { word: msgid("Silent"), icon: "cross-circle", class: BAD },
        }
    }
}

impl Look {
    pub const KEPT: Self = Self { word: msgid("Kept"), icon: "lock", class: "badge badge-accent" };
    pub const UNUSUAL: Self = Self { word: msgid("Unusual"), icon: "alert", class: WARN };
    pub const RETRYING: Self = Self { word: msgid("Retrying"), icon: "refresh", class: WARN };
    pub const DEFAULT: Self = Self { word: msgid("Default"), icon: "check", class: "badge badge-accent" };
    pub const KEYS_WORK: Self = Self { word: msgid("Works"), icon: "check-circle", class: GOOD };
    pub const KEYS_FAIL: Self = Self { word: msgid("Check failed"), icon: "cross-circle", class: BAD };
    pub const LOCKED: Self = Self { word: msgid("Locked"), icon: "lock", class: CALM };
    pub const INVITED: Self = Self { word: msgid("Invited"), icon: "clock", class: CALM };
    pub const OWN_USER: Self = Self { word: msgid("You"), icon: "user", class: "badge badge-accent" };
    pub const PROVIDER: Self = Self { word: msgid("Sign-in provider"), icon: "link", class: CALM };
    pub const SECOND_FACTOR: Self = Self { word: msgid("Second factor"), icon: "lock", class: GOOD };
    pub const SECOND_FACTOR_ON: Self = Self { word: msgid("On"), icon: "check-circle", class: GOOD };
    pub const SECOND_FACTOR_OFF: Self = Self { word: msgid("Off"), icon: "minus-circle", class: CALM };
    pub const THIS_SESSION: Self = Self { word: msgid("This session"), icon: "check", class: "badge badge-accent" };
    pub const BACKUP_ON: Self = Self { word: msgid("Enabled"), icon: "check-circle", class: GOOD };
    pub const BACKUP_OFF: Self = Self { word: msgid("Off"), icon: "minus-circle", class: CALM };
    pub const SETTING_UP: Self = Self { word: msgid("Setting up"), icon: "running", class: BUSY };
}

#[component]
pub fn Badge(#[prop(into)] look: Look) -> impl IntoView {
    let word = look.word;
    view! {
        <span class=look.class>
            <Icon name=look.icon/>
            {tr!(word)}
        </span>
    }
}
