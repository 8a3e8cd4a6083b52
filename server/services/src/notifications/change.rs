//! Adding, changing and trying channels.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    follow::Reversal,
    form::Done,
    ids::{ChannelId, OrganizationId},
    language::msgid,
    names::Hidden,
    notification::{
        ChannelForm, ChannelKind, ChannelRef, ChannelTerms, DeliveryKind, DeliveryPhase, EventKind, TypedTarget,
    },
    permission::Action,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, QueryFilter, QuerySelect,
};
use serde_json::{Map, Value, json};

use super::{courier, digest, events_of, outbox};
use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    database,
    entity::{delivery, notification_channel, organization},
    error::ServiceError,
    notifications::ChannelConflict,
    organizations,
    sender::{Message, Parcel, SendError},
    sentence::Sentence,
    vault::Purpose,
};

const CHANNEL_ADDED: Deed = Deed::new("channel added");
const CHANNEL_CHANGED: Deed = Deed::new("channel changed");
const CHANNEL_DELETED: Deed = Deed::new("channel deleted");
const CHANNEL_PAUSED: Deed = Deed::new("channel paused");
const CHANNEL_RESUMED: Deed = Deed::new("channel resumed");
const CHANNEL_TESTED: Deed = Deed::new("channel tested");

const PAGE: &str = "/notifications";

/// How many tests an organization may send within [`TESTS_WITHIN`], over all of its channels.
const MOST_TESTS: u64 = 20;
const TESTS_WITHIN: TimeDelta = TimeDelta::hours(1);

/// Adds a channel. Nothing is sent yet.
pub async fn add(acting: &Acting, services: &Services, form: &ChannelForm) -> Result<Done, ServiceError> {
    acting.actor.reach(Action::ManageNotifications)?;
    let choice = form.organization().map_err(|error| ServiceError::at("organization", error))?;
    let home = organizations::chosen(acting, services.db(), Action::ManageNotifications, choice).await?;
    let (kind, terms) = form.parse_new()?;
    if kind == ChannelKind::Email && !services.sender().has_mail_server() {
        return Err(ServiceError::at("kind", SendError::NoMailServer.in_words()));
    }
    let now = services.clock().now();
    let tx = services.write_secrets().await?;
    // Secrets are sealed to the row's id, which is not known yet.
    let reserved = |there: bool| Set(there.then(Vec::new));
    let new = notification_channel::ActiveModel {
        organization_id: Set(home.id),
        kind: Set(kind.as_str().to_owned()),
        target: Set(String::new()),
        url_sealed: reserved(kind != ChannelKind::Email),
        secret_sealed: reserved(kind == ChannelKind::Webhook),
        paused: Set(false),
        version: Set(1),
        created_by: Set(acting.actor.email.clone()),
        created_at: Set(now),
        modified_by: Set(acting.actor.email.clone()),
        modified_at: Set(now),
        ..with_terms(<notification_channel::ActiveModel as Default>::default(), &terms, &home, now)
    };
    let row = stored(new.insert(&tx).await, &terms)?;
    let row = with_target(services, &row, &terms.target)?.update(&tx).await?;
    let changes = json!({ "kind": [null, kind.as_str()], "target": [null, row.target], "events": [null, words(&row)] });
    audit::record(&tx, acting, now, CHANNEL_ADDED, subject(&row), changes).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Channel {} added", row.name), PAGE).and_test(ChannelId(row.id)))
}

/// Changes a channel, unless somebody else was faster. What is left empty of its secrets stays, where they go to the same
/// server as before.
pub async fn update(acting: &Acting, services: &Services, form: &ChannelForm) -> Result<Done, ServiceError> {
    let id = form.channel().map_err(|_| ServiceError::NotFound)?;
    let now = services.clock().now();
    let tx = services.write_secrets().await?;
    let (before, home) = find_locked(acting, &tx, id).await?;
    let terms = form.parse_change(before.kind.parse().map_err(ServiceError::Stored)?)?;
    if form.version() != Ok(before.version) {
        let summary = tr!(
            "{} changed this channel at {}, after you opened it. Nothing was saved. Cancel and open it again to go on \
             from what is stored now",
            before.modified_by,
            model::time::text(before.modified_at),
        );
        return Err(ServiceError::Invalid(model::form::FormErrors::whole(summary)));
    }
    check_secret(services, &before, &terms.target)?;
    let change = notification_channel::ActiveModel {
        version: Set(before.version + 1),
        modified_by: Set(acting.actor.email.clone()),
        modified_at: Set(now),
        ..with_terms(before.clone().into_active_model(), &terms, &home, now)
    };
    let after = stored(change.update(&tx).await, &terms)?;
    let after = with_target(services, &after, &terms.target)?.update(&tx).await?;
    let changes = changes(&before, &after, &terms.target);
    audit::record(&tx, acting, now, CHANNEL_CHANGED, subject(&after), changes).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Channel {} updated", after.name), PAGE))
}

/// Deletes a channel, and with it what it was told and what still waits for it.
pub async fn delete(acting: &Acting, services: &Services, form: &ChannelRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, _) = find_locked(acting, &tx, named(form)?).await?;
    notification_channel::Entity::delete_by_id(row.id).exec(&tx).await?;
    let now = services.clock().now();
    audit::record(&tx, acting, now, CHANNEL_DELETED, subject(&row), audit::no_changes()).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Channel {} deleted", row.name), PAGE))
}

/// Nothing is sent any more; what waits is given up.
pub async fn pause(acting: &Acting, services: &Services, form: &ChannelRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, _) = find_locked(acting, &tx, named(form)?).await?;
    if row.paused {
        return Err(ChannelConflict::ChannelAlreadyPaused.into());
    }
    let now = services.clock().now();
    outbox::ended(msgid("The channel was paused"), now)
        .filter(delivery::Column::ChannelId.eq(row.id))
        .exec(&tx)
        .await?;
    let mut change = row.clone().into_active_model();
    change.paused = Set(true);
    change.digest_at = Set(None);
    change.update(&tx).await?;
    audit::record(&tx, acting, now, CHANNEL_PAUSED, subject(&row), audit::no_changes()).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Channel {} paused", row.name), PAGE).or_undo(Reversal::ResumeChannel(ChannelId(row.id))))
}

/// What happens from now on is sent again.
pub async fn resume(acting: &Acting, services: &Services, form: &ChannelRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, home) = find_locked(acting, &tx, named(form)?).await?;
    if !row.paused {
        return Err(ChannelConflict::ChannelNotPaused.into());
    }
    let now = services.clock().now();
    let mut change = row.clone().into_active_model();
    change.paused = Set(false);
    change.digest_at = Set(if row.on_digest { digest::next(&home, now) } else { None });
    change.update(&tx).await?;
    audit::record(&tx, acting, now, CHANNEL_RESUMED, subject(&row), audit::no_changes()).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Channel {} resumed", row.name), PAGE).or_undo(Reversal::PauseChannel(ChannelId(row.id))))
}

/// Sends a message at once, paused or not, and tells what became of it.
pub async fn test(acting: &Acting, services: &Services, form: &ChannelRef) -> Result<Done, ServiceError> {
    let (row, home) = find(acting, services.db(), named(form)?).await?;
    let now = services.clock().now();
    let subject_line = format!("[{}] Test of the channel {}", home.name, row.name);
    let text = format!("{} sent this test. Messages of Holdfast arrive here.", acting.actor.email);
    let message = Message { link: services.link(PAGE), ..Message::new(&home.name, subject_line, text, now) };
    let target = courier::of_channel(services, &row)?;
    let id = begin_test(acting, services, &row, &message, now).await?;
    let parcel = Parcel { delivery: id, kind: DeliveryKind::Test, timestamp: now.timestamp(), message: &message };
    let outcome = services.sender().send(&target, parcel).await;
    end_test(services, id, &outcome).await?;
    match outcome {
        Ok(()) => Ok(Done::new(tr!("Test sent to {}", row.name), PAGE)),
        Err(error) => Err(ServiceError::NotSent(error.in_words())),
    }
}

/// A test is a delivery that was tried once, whatever becomes of it. It is counted by the audit log, where nobody can
/// make it go away.
async fn begin_test(
    acting: &Acting,
    services: &Services,
    channel: &notification_channel::Model,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<i64, ServiceError> {
    let tx = services.write().await?;
    organizations::lock(&tx, OrganizationId(channel.organization_id)).await?;
    check_tests(acting, &tx, channel, now).await?;
    let key = format!("test:{}:{}", now.timestamp_millis(), crate::error::fault_id());
    let row = delivery::ActiveModel {
        channel_id: Set(Some(channel.id)),
        attempts: Set(1),
        phase: Set(DeliveryPhase::Failed.as_str().to_owned()),
        cause: Set(Some(Sentence::said(msgid("The server stopped before this test was done")))),
        finished_at: Set(Some(now)),
        ..outbox::row(channel.organization_id, DeliveryKind::Test, key, message, now)?
    };
    let id = row.insert(&tx).await?.id;
    audit::record(&tx, acting, now, CHANNEL_TESTED, subject(channel), audit::no_changes()).await?;
    tx.commit().await?;
    Ok(id)
}

/// Refuses another test of the organization's where there were too many: they may go to people who did not ask for them.
async fn check_tests(
    acting: &Acting,
    db: &impl ConnectionTrait,
    channel: &notification_channel::Model,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let before = now - TESTS_WITHIN;
    let oldest_that_counts = audit::before_the_last(db, acting, CHANNEL_TESTED, channel.organization_id, MOST_TESTS);
    match oldest_that_counts.await? {
        Some(at) if at > before => {
            let wait = (at - before).num_milliseconds().max(0).unsigned_abs().div_ceil(1000);
            Err(ServiceError::TooManyTests { most: MOST_TESTS, seconds: wait })
        }
        _ => Ok(()),
    }
}

async fn end_test(services: &Services, id: i64, outcome: &Result<(), SendError>) -> Result<(), DbErr> {
    use sea_orm::sea_query::Expr;
    let (phase, cause) = match outcome {
        Ok(()) => (DeliveryPhase::Delivered, None),
        Err(error @ SendError::Partly(_)) => (DeliveryPhase::Delivered, Some(Sentence::new(|| error.to_string()))),
        Err(error) => (DeliveryPhase::Failed, Some(Sentence::new(|| error.to_string()))),
    };
    delivery::Entity::update_many()
        .col_expr(delivery::Column::Phase, Expr::value(phase.as_str()))
        .col_expr(delivery::Column::Cause, Expr::value(cause))
        .col_expr(delivery::Column::FinishedAt, Expr::value(services.clock().now()))
        .filter(delivery::Column::Id.eq(id))
        .exec(services.db())
        .await
        .map(drop)
}

fn with_terms(
    row: notification_channel::ActiveModel,
    terms: &ChannelTerms,
    home: &organization::Model,
    now: DateTime<Utc>,
) -> notification_channel::ActiveModel {
    let wants = |event: EventKind| terms.events.contains(&event);
    let paused = row.paused.clone().take().unwrap_or_default();
    let digest = wants(EventKind::Digest);
    // One that waits for its Monday already goes on waiting for it.
    let waiting = row.digest_at.clone().take().flatten();
    let next = if digest && !paused { waiting.or_else(|| digest::next(home, now)) } else { None };
    notification_channel::ActiveModel {
        name: Set(terms.name.as_str().to_owned()),
        name_key: Set(terms.name.folded()),
        on_failure: Set(wants(EventKind::Failure)),
        on_recovery: Set(wants(EventKind::Recovery)),
        on_overdue: Set(wants(EventKind::Overdue)),
        on_damage: Set(wants(EventKind::Damage)),
        on_digest: Set(digest),
        digest_at: Set(next),
        ..row
    }
}

/// The row with where it leads, sealed as far as it is a secret.
fn with_target(
    services: &Services,
    row: &notification_channel::Model,
    typed: &TypedTarget,
) -> Result<notification_channel::ActiveModel, ServiceError> {
    let mut change = row.clone().into_active_model();
    let seal = |purpose: Purpose, text: &str| services.vault().seal(purpose, row.id, text);
    let (url, secret) = match typed {
        TypedTarget::Email { addresses } => {
            let lines: Vec<&str> = addresses.iter().map(model::people::Email::as_str).collect();
            change.target = Set(lines.join("\n"));
            (None, None)
        }
        TypedTarget::Webhook { url, secret } => (url.as_ref(), secret.as_ref()),
        TypedTarget::Slack { url } => (url.as_ref(), None),
        TypedTarget::Ntfy { url, token, forget_token } => {
            if *forget_token {
                change.secret_sealed = Set(None);
            }
            (url.as_ref(), token.as_ref())
        }
    };
    if let Some(url) = url {
        change.target = Set(url.host());
        change.url_sealed = Set(Some(seal(Purpose::ChannelUrl, url.expose())?));
    }
    if let Some(secret) = secret {
        change.secret_sealed = Set(Some(seal(Purpose::ChannelSecret, secret.expose())?));
    }
    Ok(change)
}

/// A secret stays with its address: whoever types another server's has to know it, or to take it away. Otherwise one
/// Manager would send what another one typed to a server of their own.
fn check_secret(
    services: &Services,
    before: &notification_channel::Model,
    typed: &TypedTarget,
) -> Result<(), ServiceError> {
    let (url, field, message) = match typed {
        TypedTarget::Webhook { url: Some(url), secret: None } => {
            let ask = tr!("This address is on another server than before. Type the Signing Secret for it");
            (url, "signing_secret", ask)
        }
        TypedTarget::Ntfy { url: Some(url), token: None, forget_token: false } => {
            let ask = tr!(
                "This address is on another server than before. Type the Access Token for it, or remove the stored one"
            );
            (url, "access_token", ask)
        }
        _ => return Ok(()),
    };
    let (Some(sealed), Some(_)) = (&before.url_sealed, &before.secret_sealed) else { return Ok(()) };
    let stored = services.vault().open_sealed(Purpose::ChannelUrl, before.id, sealed)?;
    if url.has_origin_of(stored.expose()) { Ok(()) } else { Err(ServiceError::at(field, message)) }
}

fn stored(
    written: Result<notification_channel::Model, DbErr>,
    terms: &ChannelTerms,
) -> Result<notification_channel::Model, ServiceError> {
    match written {
        Err(error) if database::is_unique_violation(&error) => {
            Err(ServiceError::at("name", tr!("This organization has a channel named {} already", terms.name)))
        }
        written => Ok(written?),
    }
}

/// The changed fields before and after. Of secrets only that they changed.
fn changes(before: &notification_channel::Model, after: &notification_channel::Model, typed: &TypedTarget) -> Value {
    let mut changes = Map::new();
    for (field, old, new) in [
        ("name", before.name.clone(), after.name.clone()),
        ("target", before.target.clone(), after.target.clone()),
        ("events", words(before), words(after)),
    ] {
        if old != new {
            changes.insert(field.to_owned(), json!([old, new]));
        }
    }
    let is_typed = |secret: &Option<Hidden>| secret.is_some();
    let (url, secret) = match typed {
        TypedTarget::Email { .. } => (false, false),
        TypedTarget::Webhook { url, secret } => (url.is_some(), is_typed(secret)),
        TypedTarget::Slack { url } => (url.is_some(), false),
        TypedTarget::Ntfy { url, token, forget_token } => (url.is_some(), is_typed(token) || *forget_token),
    };
    for (field, changed) in [("url", url), ("secret", secret)] {
        if changed {
            changes.insert(field.to_owned(), json!("changed"));
        }
    }
    Value::Object(changes)
}

fn words(row: &notification_channel::Model) -> String {
    events_of(row).iter().map(|event| event.as_str()).collect::<Vec<_>>().join(", ")
}

fn named(form: &ChannelRef) -> Result<ChannelId, ServiceError> {
    form.channel().map_err(|_| ServiceError::NotFound)
}

async fn find(
    acting: &Acting,
    db: &impl ConnectionTrait,
    id: ChannelId,
) -> Result<(notification_channel::Model, organization::Model), ServiceError> {
    let found = notification_channel::Entity::find_by_id(id.0).find_also_related(organization::Entity).one(db).await?;
    let (row, home) = found.and_then(|(row, home)| Some((row, home?))).ok_or(ServiceError::NotFound)?;
    acting.may(Action::ManageNotifications, organizations::owner(&home))?;
    Ok((row, home))
}

/// The same, held until the transaction ends: of two who change a channel the second sees what the first made of it.
async fn find_locked(
    acting: &Acting,
    tx: &DatabaseTransaction,
    id: ChannelId,
) -> Result<(notification_channel::Model, organization::Model), ServiceError> {
    notification_channel::Entity::find_by_id(id.0).lock_exclusive().one(tx).await?;
    find(acting, tx, id).await
}

fn subject(row: &notification_channel::Model) -> Subject<'_> {
    Subject { kind: "channel", id: row.id, name: &row.name, organization: OrganizationId(row.organization_id) }
}
