//! What a person needs to list and restore a project's backups without Holdfast.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    form::Done,
    ids::ProjectId,
    permission::Action,
    project::{RecoveryKitForm, Source},
};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    entity::{backup_credential, project, repository},
    error::ServiceError,
    passwords, projects,
    repositories::{self, RepositoryConflict},
    sources,
    vault::Purpose,
};

pub(crate) const RECOVERY_KIT_DOWNLOADED: Deed = Deed::new("recovery kit downloaded");

/// A text to keep in a safe place. It holds the repository's password.
pub struct RecoveryKit {
    pub file_name: String,
    pub text: String,
}

/// The key under which a session keeps for which project the password was given, and when.
const ASKED: &str = "recovery_kit";

/// How long, in seconds, the download may take to begin.
const TIMEOUT: i64 = 60;

#[derive(Serialize, Deserialize)]
struct Asked {
    project: i64,
    at: DateTime<Utc>,
}

/// Asks for the password, and leads to the download, which the session may begin once.
pub async fn ask(
    acting: &Acting,
    services: &Services,
    session: &Session,
    form: &RecoveryKitForm,
) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let (project, _) = projects::find(acting, services.db(), Action::ManageProjects, id).await?;
    repositories::of_project(services.db(), project.id).await?.ok_or(RepositoryConflict::BackupDisabled)?;
    passwords::check(acting, services, "password", &form.password).await?;
    session.insert(ASKED, Asked { project: project.id, at: services.clock().now() }).await?;
    session.save().await?;
    Ok(Done::new(tr!("The recovery kit is on its way"), format!("/projects/{id}/recovery-kit")))
}

/// Writes the kit; `None` where the password has to be asked for first. Every download of it is in the audit log before
/// it goes out.
pub async fn download(
    acting: &Acting,
    services: &Services,
    session: &Session,
    id: ProjectId,
) -> Result<Option<RecoveryKit>, ServiceError> {
    let (project, _) = projects::find(acting, services.db(), Action::ManageProjects, id).await?;
    let in_use =
        repositories::of_project(services.db(), project.id).await?.ok_or(RepositoryConflict::BackupDisabled)?;
    let now = services.clock().now();
    let asked = session.get::<Asked>(ASKED).await?;
    if !asked.is_some_and(|asked| asked.project == project.id && asked.at + TimeDelta::seconds(TIMEOUT) > now) {
        return Ok(None);
    }
    session.remove::<Asked>(ASKED).await?;
    session.save().await?;
    let place = &in_use.repository;
    let password = services.vault().open_sealed(Purpose::RepositoryPassword, place.id, &place.password_sealed)?;
    let subject = projects::subject(&project);
    audit::record(services.db(), acting, now, RECOVERY_KIT_DOWNLOADED, subject, audit::no_changes()).await?;
    Ok(Some(RecoveryKit {
        file_name: format!("{}-recovery-kit.txt", project.name),
        text: text((&project, &sources::of(&project)?), place, &in_use.credential, password.expose()),
    }))
}

fn text(
    (project, source): (&project::Model, &Source),
    place: &repository::Model,
    credential: &backup_credential::Model,
    password: &str,
) -> String {
    let endpoint = place.endpoint.trim_end_matches('/');
    let location = [endpoint, &place.bucket, &place.prefix].into_iter().filter(|part| !part.is_empty());
    let location = location.collect::<Vec<_>>().join("/");
    format!(
        "\
Recovery kit of the project {name}

Whoever has this text and access to the bucket can read every backup in it. Keep it safe, and not in the bucket.

Endpoint             {endpoint}
Region               {region}
Bucket               {bucket}
Prefix               {prefix}
Repository password  {password}

The backups are a restic repository. With the command restic (https://restic.net) they are listed and restored
without Holdfast. In a shell, with the secret key of the access key {access_key_id} (or of another one that may read
the bucket):

export AWS_ACCESS_KEY_ID='{access_key_id}'
export AWS_SECRET_ACCESS_KEY='…'
export AWS_DEFAULT_REGION='{region}'
export RESTIC_PASSWORD='{password}'

restic -r 's3:{location}' --no-lock snapshots
restic -r 's3:{location}' --no-lock restore latest --target ./restored

--no-lock lets them run with keys that may only read, and on services that take no lock; nothing is changed by them.
{authority}{dump}",
        name = project.name,
        region = place.region,
        bucket = place.bucket,
        prefix = if place.prefix.is_empty() { "(none)" } else { &place.prefix },
        access_key_id = credential.access_key_id,
        dump = dump(source),
        authority = authority(credential),
    )
}

/// What more a service needs whose certificate a private authority has signed.
fn authority(credential: &backup_credential::Model) -> String {
    let Some(certificate) = &credential.ca_certificate else { return String::new() };
    format!(
        "
The service's certificate was signed by a private authority. Put the lines below into a file ca.pem, and add
--cacert ca.pem to both commands.

{certificate}
",
        certificate = certificate.trim(),
    )
}

/// What more a database needs.
fn dump(source: &Source) -> String {
    let Source::Postgres(address) = source else { return String::new() };
    format!(
        "
What is restored is a dump of the PostgreSQL database {database}. It is read into an empty database with PostgreSQL's
own program:

createdb restored_database
pg_restore --dbname=restored_database ./restored/*.dump
",
        database = address.database,
    )
}
