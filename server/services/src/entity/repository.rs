//! A restic repository of a project. The project's backup is on while it has a credential.

use sea_orm::entity::prelude::*;

use super::DamageList;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "repository")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub project_id: i64,
    pub organization_id: i64,
    pub backup_credential_id: Option<i64>,
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    pub prefix: String,
    #[sea_orm(column_type = "Blob")]
    pub password_sealed: Vec<u8>,
    pub created_at: DateTimeUtc,
    pub prune_due_at: Option<DateTimeUtc>,
    pub pruned_at: Option<DateTimeUtc>,
    pub verify_due_at: Option<DateTimeUtc>,
    pub verified_at: Option<DateTimeUtc>,
    pub verify_part: i32,
    pub damaged_at: Option<DateTimeUtc>,
    pub stored_bytes: Option<i64>,
    pub unused_bytes: Option<i64>,
    #[sea_orm(column_type = "JsonBinary")]
    pub damage: DamageList,
    /// S3's name of a storage class. `None` here and below: as the bucket is set up.
    #[sea_orm(column_type = "Text", nullable)]
    pub storage_class: Option<String>,
    /// `AES256` or `aws:kms`.
    #[sea_orm(column_type = "Text", nullable)]
    pub encryption: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub kms_key: Option<String>,
    /// A copy of the configuration and the keys, as they lie in the bucket: encrypted. `None` until there is one.
    #[sea_orm(column_type = "Blob", nullable)]
    pub opening_files: Option<Vec<u8>>,
    /// The bucket keeps what is deleted as noncurrent versions.
    pub keeps_versions: bool,
    /// What these took when they were measured last.
    pub noncurrent_bytes: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id")]
    Project,
    #[sea_orm(
        belongs_to = "super::backup_credential::Entity",
        from = "Column::BackupCredentialId",
        to = "super::backup_credential::Column::Id"
    )]
    BackupCredential,
}

impl Related<super::project::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Project.def()
    }
}

impl Related<super::backup_credential::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::BackupCredential.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
