//! The first start's data, added through the same use cases as a person's.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use model::{
    credential::CredentialForm,
    form::Ticked,
    list::ListQuery,
    names::{Hidden, OrganizationName},
    organization::OrganizationForm,
    people::{Email, Password, Role, SetupForm},
    policy::PolicyForm,
    project::{BackupFields, ProjectForm},
    rule::RuleError,
};
use services::{Acting, Services, SourceRoot};
use url::Url;

use super::{
    DemoError,
    folder::{DemoFolder, Passwords, Secrets},
    people::{MANAGER, PARTNER, Person, USER},
};

/// The project's name, and its directory's.
pub const PROJECT: &str = "web-shop";
const FIRST_ORGANIZATION: &str = "acme";
const SECOND_ORGANIZATION: &str = "globex";
const CREDENTIAL: &str = "Demo S3";
/// As long as a set-up may take.
const SET_UP_SECONDS: u64 = 180;
/// What the audit log names as the place that all this came from.
const ADDRESS: &str = "demo";

/// The first organization's root.
pub fn source_root(directory: PathBuf) -> Result<SourceRoot, RuleError> {
    Ok(SourceRoot { organization: Some(OrganizationName::parse(FIRST_ORGANIZATION)?), directory })
}

pub async fn seed(services: &Services, folder: &DemoFolder, endpoint: &Url) -> Result<(), DemoError> {
    let secrets = folder.secrets();
    let partner = people(services, &secrets.passwords).await?;
    credential(services, &partner, secrets, endpoint).await?;
    project(services, &partner, &folder.sample()).await?;
    policy(services, &partner).await
}

async fn people(services: &Services, passwords: &Passwords) -> Result<Acting, DemoError> {
    let setup = SetupForm {
        account_name: "Demo".to_owned(),
        organization: FIRST_ORGANIZATION.to_owned(),
        email: PARTNER.email.to_owned(),
        password: Hidden::new(passwords.of(Role::Partner)),
        ..SetupForm::default()
    };
    let setup = setup.parse().map_err(DemoError::Form)?;
    let partner = services::setup::create(services, setup, ADDRESS.to_owned()).await?;
    let second = OrganizationForm { name: SECOND_ORGANIZATION.to_owned(), ..OrganizationForm::default() };
    services::organizations::add(&partner, services, &second).await?;
    let organization = OrganizationName::parse(FIRST_ORGANIZATION)?;
    for Person { role, email } in [MANAGER, USER] {
        let password = Password::parse(&Hidden::new(passwords.of(role)))?;
        services::users::add(services, &organization, &Email::parse(email)?, role, &password).await?;
    }
    Ok(partner)
}

async fn credential(services: &Services, partner: &Acting, secrets: &Secrets, endpoint: &Url) -> Result<(), DemoError> {
    let form = CredentialForm {
        s3_name: CREDENTIAL.to_owned(),
        access_key_id: secrets.access_key_id.clone(),
        secret_key: Hidden::new(secrets.secret_key.clone()),
        endpoint: endpoint.to_string(),
        region: embedded_s3::REGION.to_owned(),
        ..CredentialForm::default()
    };
    services::credentials::add(partner, services, &form).await?;
    Ok(())
}

async fn project(services: &Services, partner: &Acting, directory: &Path) -> Result<(), DemoError> {
    let credentials = services::credentials::list(partner, services, &ListQuery::default()).await?;
    let credential = credentials.page.rows.first().ok_or(DemoError::NotListed(CREDENTIAL))?.id;
    let backup = BackupFields {
        enable_backup: Ticked(true),
        credential: credential.to_string(),
        bucket: "create".to_owned(),
        ..BackupFields::default()
    };
    let form = ProjectForm {
        project_name: PROJECT.to_owned(),
        source: "directory".to_owned(),
        directory: directory.display().to_string(),
        backup,
        ..ProjectForm::default()
    };
    services::new_project::create(partner, services, &form).await?;
    backup_is_enabled(services, partner).await
}

/// On a busy machine the set-up goes on after the form has been answered.
async fn backup_is_enabled(services: &Services, partner: &Acting) -> Result<(), DemoError> {
    for _ in 0..SET_UP_SECONDS {
        let projects = services::projects::list(partner, services, &ListQuery::default()).await?;
        if projects.page.rows.first().is_some_and(|project| project.backup_enabled) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err(DemoError::Slow)
}

async fn policy(services: &Services, partner: &Acting) -> Result<(), DemoError> {
    let projects = services::projects::list(partner, services, &ListQuery::default()).await?;
    let project = projects.page.rows.first().ok_or(DemoError::NotListed(PROJECT))?.id;
    let form = PolicyForm {
        project: project.to_string(),
        name: "every-minute".to_owned(),
        cron_period: "* * * * *".to_owned(),
        time_zone: "UTC".to_owned(),
        retention: "24h".to_owned(),
        include: "**".to_owned(),
        ..PolicyForm::default()
    };
    services::policies::add(partner, services, &form).await?;
    Ok(())
}
