//! The audit log: who did what, written in the same transaction as the change.

use chrono::{DateTime, Utc};
use model::ids::{AccountId, OrganizationId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Value, json};

use crate::{acting::Acting, entity::audit_entry};

/// What was done. The text is what the log shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    AccountCreated,
    SignedIn,
    SignedInWithProvider,
    SignedOut,
    OrganizationAdded,
    OrganizationChanged,
    OrganizationRemoved,
    UserAdded,
    UserInvited,
    IdentityLinked,
    RoleChanged,
    UserRemoved,
    PasswordResetRequested,
    PasswordSet,
    PasswordChanged,
    SessionEnded,
    SecondFactorSetUp,
    SecondFactorTurnedOff,
    SecondFactorReset,
    SecondFactorRefused,
    RecoveryCodeUsed,
    RecoveryCodesRenewed,
    AccountChanged,
    CredentialAdded,
    CredentialUpdated,
    CredentialMadeDefault,
    CredentialLocked,
    CredentialUnlocked,
    CredentialDeleted,
    ProjectCreated,
    ProjectWithdrawn,
    ProjectLocked,
    ProjectUnlocked,
    ProjectMoved,
    ProjectDeleted,
    BackupsRemoved,
    BackupsNotRemoved,
    BackupEnabled,
    BackupDisabled,
    CredentialChanged,
    StorageChanged,
    PolicyAdded,
    PolicyChanged,
    PolicyPaused,
    PolicyResumed,
    PolicyDeleted,
    BackupRequested,
    BackupCompleted,
    BackupFailed,
    BackupCancelled,
    BackupDeleted,
    RestoreRequested,
    RestoreCancelled,
    RestoreDeleted,
    MaintenanceRequested,
    MaintenanceCancelled,
    MaintenanceFailed,
    DamageFound,
    DamageGone,
    RepositoryRepaired,
    FileDownloaded,
    FolderDownloaded,
    AuditExported,
    RecoveryKitDownloaded,
    ChannelAdded,
    ChannelChanged,
    ChannelDeleted,
    ChannelPaused,
    ChannelResumed,
    ChannelTested,
    Exported,
    Imported,
}

impl Deed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AccountCreated => "account created",
            Self::SignedIn => "signed in",
            Self::SignedInWithProvider => "signed in with the sign-in provider",
            Self::SignedOut => "signed out",
            Self::OrganizationAdded => "organization added",
            Self::OrganizationChanged => "organization changed",
            Self::OrganizationRemoved => "organization removed",
            Self::UserAdded => "user added",
            Self::UserInvited => "user invited",
            Self::IdentityLinked => "user linked with the sign-in provider",
            Self::RoleChanged => "role changed",
            Self::UserRemoved => "user removed",
            Self::PasswordResetRequested => "password reset requested",
            Self::PasswordSet => "password set",
            Self::PasswordChanged => "password changed",
            Self::SessionEnded => "session ended",
            Self::SecondFactorSetUp => "second factor set up",
            Self::SecondFactorTurnedOff => "second factor turned off",
            Self::SecondFactorReset => "second factor reset",
            Self::SecondFactorRefused => "second factor refused",
            Self::RecoveryCodeUsed => "recovery code used",
            Self::RecoveryCodesRenewed => "recovery codes renewed",
            Self::AccountChanged => "account changed",
            Self::CredentialAdded => "backup credential added",
            Self::CredentialUpdated => "backup credential updated",
            Self::CredentialMadeDefault => "backup credential made the default",
            Self::CredentialLocked => "backup credential locked",
            Self::CredentialUnlocked => "backup credential unlocked",
            Self::CredentialDeleted => "backup credential deleted",
            Self::ProjectCreated => "project created",
            Self::ProjectWithdrawn => "project withdrawn because its backup could not be enabled",
            Self::ProjectLocked => "project locked",
            Self::ProjectUnlocked => "project unlocked",
            Self::ProjectMoved => "project moved to another node",
            Self::ProjectDeleted => "project deleted",
            Self::BackupsRemoved => "backups of a deleted project removed from the bucket",
            Self::BackupsNotRemoved => "backups of a deleted project could not be removed from the bucket",
            Self::BackupEnabled => "backup enabled",
            Self::BackupDisabled => "backup disabled",
            Self::CredentialChanged => "backup credential of project changed",
            Self::StorageChanged => "storage class or encryption of backups changed",
            Self::PolicyAdded => "policy added",
            Self::PolicyChanged => "policy changed",
            Self::PolicyPaused => "policy paused",
            Self::PolicyResumed => "policy resumed",
            Self::PolicyDeleted => "policy deleted",
            Self::BackupRequested => "backup requested",
            Self::BackupCompleted => "backup completed",
            Self::BackupFailed => "backup failed",
            Self::BackupCancelled => "backup cancelled",
            Self::BackupDeleted => "backup deleted",
            Self::RestoreRequested => "restore requested",
            Self::RestoreCancelled => "restore cancelled",
            Self::RestoreDeleted => "restore deleted",
            Self::MaintenanceRequested => "maintenance of repository requested",
            Self::MaintenanceCancelled => "maintenance of repository cancelled",
            Self::MaintenanceFailed => "maintenance of repository failed",
            Self::DamageFound => "damage found in repository",
            Self::DamageGone => "repository sound again",
            Self::RepositoryRepaired => "repository repaired",
            Self::FileDownloaded => "file downloaded",
            Self::FolderDownloaded => "folder downloaded",
            Self::AuditExported => "audit log exported",
            Self::RecoveryKitDownloaded => "recovery kit downloaded",
            Self::ChannelAdded => "channel added",
            Self::ChannelChanged => "channel changed",
            Self::ChannelDeleted => "channel deleted",
            Self::ChannelPaused => "channel paused",
            Self::ChannelResumed => "channel resumed",
            Self::ChannelTested => "channel tested",
            Self::Exported => "database exported",
            Self::Imported => "database imported",
        }
    }
}

/// Who did it.
#[derive(Clone, Debug)]
pub struct Author {
    account: AccountId,
    name: String,
    address: String,
}

impl From<&Acting> for Author {
    fn from(acting: &Acting) -> Self {
        Self { account: acting.actor.account, name: acting.actor.email.clone(), address: acting.address.clone() }
    }
}

impl Author {
    /// A schedule, or a worker that carries on what a schedule began.
    pub fn schedule(account: AccountId) -> Self {
        Self { account, name: "schedule".to_owned(), address: String::new() }
    }

    /// The sign-in provider, by what it says of who just came from there.
    pub fn provider(account: AccountId, address: &str) -> Self {
        Self { account, name: "sign-in provider".to_owned(), address: address.to_owned() }
    }

    /// Whoever has a shell on the machine.
    pub fn operator(account: AccountId) -> Self {
        Self { account, name: "operator".to_owned(), address: "command line".to_owned() }
    }
}

/// What it was done to.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    pub kind: &'static str,
    pub id: i64,
    pub name: &'a str,
    pub organization: OrganizationId,
}

/// Writes an entry. `changes` holds the changed fields and never a secret.
pub async fn record(
    db: &impl ConnectionTrait,
    author: impl Into<Author>,
    at: DateTime<Utc>,
    deed: Deed,
    subject: Subject<'_>,
    changes: Value,
) -> Result<(), DbErr> {
    let author = author.into();
    let entry = audit_entry::ActiveModel {
        account_id: Set(author.account.0),
        organization_id: Set(Some(subject.organization.0)),
        at: Set(at),
        actor: Set(author.name),
        address: Set(author.address),
        action: Set(deed.as_str().to_owned()),
        subject_kind: Set(subject.kind.to_owned()),
        subject_id: Set(Some(subject.id)),
        subject_name: Set(Some(subject.name.to_owned())),
        changes: Set(changes),
        ..Default::default()
    };
    audit_entry::Entity::insert(entry).exec_without_returning(db).await?;
    Ok(())
}

/// When the `count`th last deed of that kind was done to something of the organization; `None` where there were fewer.
pub async fn before_the_last(
    db: &impl ConnectionTrait,
    acting: &Acting,
    deed: Deed,
    organization: i64,
    count: u64,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let found = audit_entry::Entity::find()
        .filter(audit_entry::Column::AccountId.eq(acting.actor.account.0))
        .filter(audit_entry::Column::OrganizationId.eq(organization))
        .filter(audit_entry::Column::Action.eq(deed.as_str()))
        .order_by_desc(audit_entry::Column::At)
        .offset(count.saturating_sub(1))
        .one(db)
        .await?;
    Ok(found.map(|entry| entry.at))
}

/// Where nothing but the deed itself is to be told.
pub fn no_changes() -> Value {
    json!({})
}
