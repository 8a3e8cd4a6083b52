//! Rows as the use cases would have written them, without asking an S3 server ten thousand times.

use sea_orm::{
    prelude::DateTimeUtc,
    sea_query::{Expr, InsertStatement as Insert, Query},
};

use super::{EMAIL, Outcome};

pub fn credential(id: i64, now: DateTimeUtc) -> Outcome<Insert> {
    let name = format!("Name-{id:05}");
    let columns = [
        "id",
        "organization_id",
        "s3_name",
        "s3_name_key",
        "access_key_id",
        "secret_key_sealed",
        "endpoint",
        "region",
        "is_default",
        "locked",
        "version",
        "created_by",
        "created_at",
        "modified_by",
        "modified_at",
    ];
    let values: [Expr; 15] = [
        id.into(),
        1.into(),
        name.clone().into(),
        name.to_lowercase().into(),
        format!("AKIA{id:016}").into(),
        vec![0_u8; 80].into(),
        format!("https://s3-{}.example.com", id % 97).into(),
        "eu-central-1".into(),
        (id == 1).into(),
        false.into(),
        1.into(),
        EMAIL.into(),
        now.into(),
        EMAIL.into(),
        now.into(),
    ];
    Ok(Query::insert().into_table("backup_credential").columns(columns).values(values)?.take())
}

pub fn project(id: i64, now: DateTimeUtc) -> Outcome<Insert> {
    let columns =
        ["id", "organization_id", "name", "source_kind", "source_location", "locked", "created_by", "created_at"];
    let values: [Expr; 8] = [
        id.into(),
        1.into(),
        format!("project-{id:04}").into(),
        "directory".into(),
        format!("/srv/project-{id:04}").into(),
        false.into(),
        EMAIL.into(),
        now.into(),
    ];
    Ok(Query::insert().into_table("project").columns(columns).values(values)?.take())
}

pub fn repository(id: i64, credential: i64, now: DateTimeUtc) -> Outcome<Insert> {
    let columns = [
        "id",
        "project_id",
        "organization_id",
        "backup_credential_id",
        "endpoint",
        "region",
        "bucket",
        "prefix",
        "password_sealed",
        "created_at",
    ];
    let values: [Expr; 10] = [
        id.into(),
        id.into(),
        1.into(),
        credential.into(),
        "https://s3.example.com".into(),
        "eu-central-1".into(),
        format!("bucket-{id:04}").into(),
        "".into(),
        vec![0_u8; 80].into(),
        now.into(),
    ];
    Ok(Query::insert().into_table("repository").columns(columns).values(values)?.take())
}

/// Policies of the projects 1 to `projects`, in turns, with ids from `first` on.
pub fn policies(first: i64, count: i64, projects: i64, next_run: DateTimeUtc) -> Outcome<Insert> {
    let columns = [
        "id",
        "project_id",
        "name",
        "cron",
        "time_zone",
        "retention_seconds",
        "include",
        "exclude",
        "paused",
        "next_run_at",
        "created_by",
        "created_at",
    ];
    let mut insert = Query::insert().into_table("policy").columns(columns).take();
    for id in first..first + count {
        let values: [Expr; 12] = [
            id.into(),
            (id % projects + 1).into(),
            format!("policy-{id}").into(),
            "30 2 * * *".into(),
            "Europe/Prague".into(),
            2_592_000.into(),
            serde_json::json!(["**"]).into(),
            serde_json::json!([]).into(),
            false.into(),
            next_run.into(),
            EMAIL.into(),
            next_run.into(),
        ];
        insert.values(values)?;
    }
    Ok(insert)
}

/// Ended backups of the projects 1 to `projects`, in turns, with ids from `first` on; the last one ended now, and there is
/// one every `seconds` before it. One in twenty failed.
pub fn backups(
    (first, count, total): (i64, i64, i64),
    projects: i64,
    seconds: i64,
    now: DateTimeUtc,
) -> Outcome<Insert> {
    let columns = [
        "id",
        "project_id",
        "organization_id",
        "repository_id",
        "name",
        "phase",
        "queued_at",
        "started_at",
        "finished_at",
        "not_before",
        "include",
        "exclude",
        "unreadable",
        "retention_seconds",
        "snapshot",
        "added_bytes",
    ];
    let mut insert = Query::insert().into_table("backup").columns(columns).take();
    for id in first..first + count {
        let at = now - std::time::Duration::from_secs(((total - id) * seconds).unsigned_abs());
        let failed = id % 20 == 0;
        let values: [Expr; 16] = [
            id.into(),
            (id % projects + 1).into(),
            1.into(),
            (id % projects + 1).into(),
            format!("nightly-{id}").into(),
            (if failed { "Failed" } else { "Completed" }).into(),
            at.into(),
            at.into(),
            at.into(),
            at.into(),
            serde_json::json!(["**"]).into(),
            serde_json::json!([]).into(),
            serde_json::json!([]).into(),
            2_592_000.into(),
            (!failed).then(|| format!("{id:064x}")).into(),
            (!failed).then_some(id * 1000).into(),
        ];
        insert.values(values)?;
    }
    Ok(insert)
}
