//! Everything there is to know of one policy or one restore.

use leptos::prelude::*;
use model::{
    ids::PolicyId,
    list::Page,
    outlook::Outlook,
    policy::{PolicyRow, SourceOptions},
    restore::{RestoreRow, RestoredInto},
    size,
};

use super::outlook::OutlookPicture;
use crate::{
    address::named_row,
    api::policies::policy_outlook,
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter, DialogText},
        facts::{Fact, Lines, RunTimes},
        loaded::{loaded_below, loaded_quietly},
        phase::Badge,
        time::{MaybeTime, Time, or_none},
    },
};

#[component]
pub fn DescribePolicy(policies: Answer<Vec<PolicyRow>>) -> impl IntoView {
    let id = named_row();
    let description =
        move |rows: Vec<PolicyRow>| rows.into_iter().find(|row| row.id.0 == id).map_or_else(gone, policy_facts);
    let outlook: Answer<Outlook> = Answer::once(move || policy_outlook(PolicyId(id)));
    view! {
        <Dialog title=tr!("Policy")>
            <DialogText>
                {loaded_quietly(policies, description)}
                {loaded_below(outlook, |outlook| view! { <OutlookPicture outlook=outlook/> })}
            </DialogText>
            <DialogFooter cancel=tr!("Done")/>
        </Dialog>
    }
}

#[component]
pub fn DescribeRestore(restores: Answer<Page<RestoreRow>>) -> impl IntoView {
    let id = named_row();
    let description =
        move |page: Page<RestoreRow>| page.rows.into_iter().find(|row| row.id.0 == id).map_or_else(gone, restore_facts);
    view! {
        <Dialog title=tr!("noun" => "Restore")>
            <DialogText>{loaded_quietly(restores, description)}</DialogText>
            <DialogFooter cancel=tr!("Done")/>
        </Dialog>
    }
}

/// What the dialog was about is not on the list any more.
pub fn gone() -> AnyView {
    view! { <p>{tr!("This is no longer on the list.")}</p> }.into_any()
}

fn policy_facts(row: PolicyRow) -> AnyView {
    let kept = (!row.keep.is_empty()).then_some(row.keep);
    view! {
        <dl class="facts facts-list">
            <Fact term=tr!("Name")>{row.name}</Fact>
            <Fact term=tr!("Status")>
                <Badge look=row.phase/>
            </Fact>
            <Fact term=tr!("Schedule")>{row.cron_words}</Fact>
            <Fact term=tr!("Cron Expression")>
                <code>{row.cron}</code>
            </Fact>
            <Fact term=tr!("Time Zone")>{row.time_zone}</Fact>
            <Fact term=tr!("Next Run")>
                <MaybeTime at=row.next_run/>
            </Fact>
            <Fact term=tr!("Retention Period")>{row.retention}</Fact>
            <Fact term=tr!("Long-term retention")>{or_none(kept)}</Fact>
            <Fact term=tr!("Include")>
                <Lines lines=row.include/>
            </Fact>
            <Fact term=tr!("Exclude")>
                <Lines lines=row.exclude/>
            </Fact>
            {options_facts(row.options)}
            <Fact term=tr!("Ping URL")>{or_none(row.has_ping.then(|| tr!("Stored")))}</Fact>
            <Fact term=tr!("Created")>
                <Time at=row.created/>
            </Fact>
            <Fact term=tr!("Created By")>{row.created_by}</Fact>
            <Fact term=tr!("Last Modified")>
                <MaybeTime at=row.modified/>
            </Fact>
            <Fact term=tr!("Last Modified By")>{or_none(row.modified_by)}</Fact>
        </dl>
    }
    .into_any()
}

/// What is left out beside patterns, where something is.
fn options_facts(options: SourceOptions) -> impl IntoView {
    let larger = options.exclude_larger_than.map(|bytes| tr!("files larger than {}", size::bytes(bytes)));
    let lines = [
        options.one_file_system.then(|| tr!("other file systems")),
        options.exclude_caches.then(|| tr!("folders marked as caches")),
        larger,
    ];
    let lines: Vec<String> = lines.into_iter().flatten().collect();
    (!lines.is_empty()).then(|| view! { <Fact term=tr!("Left Out")><Lines lines=lines/></Fact> })
}

pub fn restore_facts(row: RestoreRow) -> AnyView {
    let on_conflict = row.on_conflict.label();
    let (target, on_conflict) = match &row.target {
        RestoredInto::Directory(_) => (None, Some(tr!(on_conflict))),
        RestoredInto::NewDatabase(_) => (Some(tr!("New database")), None),
        RestoredInto::OriginalDatabase(_) => (Some(tr!("Over the original database")), None),
    };
    let target = target.map(|words| format!("{words} "));
    let paths = if row.paths.is_empty() { vec![tr!("Everything")] } else { row.paths };
    view! {
        <dl class="facts facts-list">
            <Fact term=tr!("Name")>{row.name}</Fact>
            <Fact term=tr!("Status")>
                <Badge look=row.phase/>
            </Fact>
            {row.cause.map(|cause| view! { <Fact term=tr!("Cause")>{cause}</Fact> })}
            <Fact term=tr!("Backup")>{row.backup_name}</Fact>
            <Fact term=tr!("Paths")>
                <Lines lines=paths/>
            </Fact>
            <Fact term=tr!("Target")>{target} <code>{row.target.place().to_owned()}</code></Fact>
            {on_conflict.map(|choice| view! { <Fact term=tr!("On Conflict")>{choice}</Fact> })}
            <RunTimes queued=row.queued started=row.started finished=row.finished/>
            <Fact term=tr!("Files")>{or_none(row.files.map(|files| files.to_string()))}</Fact>
            <Fact term=tr!("Size")>{or_none(row.bytes.map(size::bytes))}</Fact>
            <Fact term=tr!("files" => "Skipped")>{or_none(row.skipped.map(|skipped| skipped.to_string()))}</Fact>
            <Fact term=tr!("Warnings")>
                <Lines lines=row.warnings/>
            </Fact>
            <Fact term=tr!("Created By")>{row.created_by}</Fact>
        </dl>
    }
    .into_any()
}
