//! Everything there is to know of one policy or one restore.

use leptos::prelude::*;
use model::{
    ids::PolicyId,
    list::Page,
    outlook::Outlook,
    policy::PolicyRow,
    restore::{RestoreRow, RestoredInto},
    size,
};

use super::outlook::OutlookPicture;
use crate::{
    address::use_address,
    api::policies::policy_outlook,
    components::{
        dialog::{Dialog, DialogFooter, DialogText},
        facts::{Fact, Lines},
        loaded::{Answer, loaded_below, loaded_quietly},
        phase::Badge,
        time::{MaybeTime, Time, or_none},
    },
};

#[component]
pub fn DescribePolicy(policies: Answer<Vec<PolicyRow>>) -> impl IntoView {
    let id: i64 = use_address().read_untracked().number("id").unwrap_or_default();
    let row = move |rows: &Vec<PolicyRow>| rows.iter().find(|row| row.id.0 == id).cloned();
    let outlook: Answer<Outlook> = Resource::new(move || PolicyId(id), policy_outlook);
    view! {
        <Dialog title="Policy">
            <DialogText>
                {loaded_quietly(policies, row, |row| row.map_or_else(gone, policy_facts))}
                {loaded_below(outlook, Clone::clone, |outlook| view! { <OutlookPicture outlook=outlook/> })}
            </DialogText>
            <DialogFooter cancel="Done"/>
        </Dialog>
    }
}

#[component]
pub fn DescribeRestore(restores: Answer<Page<RestoreRow>>) -> impl IntoView {
    let id: i64 = use_address().read_untracked().number("id").unwrap_or_default();
    let row = move |page: &Page<RestoreRow>| page.rows.iter().find(|row| row.id.0 == id).cloned();
    view! {
        <Dialog title="Restore">
            <DialogText>{loaded_quietly(restores, row, |row| row.map_or_else(gone, restore_facts))}</DialogText>
            <DialogFooter cancel="Done"/>
        </Dialog>
    }
}

/// What the dialog was about is not on the list any more.
pub fn gone() -> AnyView {
    view! { <p>"This is no longer on the list."</p> }.into_any()
}

fn policy_facts(row: PolicyRow) -> AnyView {
    let kept = (!row.keep.is_empty()).then_some(row.keep);
    view! {
        <dl class="facts facts-list">
            <Fact term="Name">{row.name}</Fact>
            <Fact term="Phase">
                <Badge look=row.phase/>
            </Fact>
            <Fact term="Period">{row.cron_words}</Fact>
            <Fact term="Cron Expression">
                <code>{row.cron}</code>
            </Fact>
            <Fact term="Time Zone">{row.time_zone}</Fact>
            <Fact term="Next Run">
                <MaybeTime at=row.next_run/>
            </Fact>
            <Fact term="Retention Period">{row.retention}</Fact>
            <Fact term="Kept Beyond">{or_none(kept)}</Fact>
            <Fact term="Include">
                <Lines lines=row.include/>
            </Fact>
            <Fact term="Exclude">
                <Lines lines=row.exclude/>
            </Fact>
            <Fact term="Ping URL">{or_none(row.has_ping.then(|| "Stored".to_owned()))}</Fact>
            <Fact term="Created">
                <Time at=row.created/>
            </Fact>
            <Fact term="Created By">{row.created_by}</Fact>
            <Fact term="Last Modified">
                <MaybeTime at=row.modified/>
            </Fact>
            <Fact term="Last Modified By">{or_none(row.modified_by)}</Fact>
        </dl>
    }
    .into_any()
}

fn restore_facts(row: RestoreRow) -> AnyView {
    let (target, on_conflict) = match &row.target {
        RestoredInto::Directory(_) => ("", Some(row.on_conflict.label())),
        RestoredInto::NewDatabase(_) => ("New database ", None),
        RestoredInto::OriginalDatabase(_) => ("Over the original database ", None),
    };
    let paths = if row.paths.is_empty() { vec!["Everything".to_owned()] } else { row.paths };
    view! {
        <dl class="facts facts-list">
            <Fact term="Name">{row.name}</Fact>
            <Fact term="Phase">
                <Badge look=row.phase/>
            </Fact>
            {row.cause.map(|cause| view! { <Fact term="Cause">{cause}</Fact> })}
            <Fact term="Backup">{row.backup_name}</Fact>
            <Fact term="Paths">
                <Lines lines=paths/>
            </Fact>
            <Fact term="Target">{target} <code>{row.target.place().to_owned()}</code></Fact>
            {on_conflict.map(|choice| view! { <Fact term="On Conflict">{choice}</Fact> })}
            <Fact term="Queued">
                <Time at=row.queued/>
            </Fact>
            <Fact term="Started">
                <MaybeTime at=row.started/>
            </Fact>
            <Fact term="Finished">
                <MaybeTime at=row.finished/>
            </Fact>
            <Fact term="Files">{or_none(row.files.map(|files| files.to_string()))}</Fact>
            <Fact term="Size">{or_none(row.bytes.map(size::bytes))}</Fact>
            <Fact term="Skipped">{or_none(row.skipped.map(|skipped| skipped.to_string()))}</Fact>
            <Fact term="Warnings">
                <Lines lines=row.warnings/>
            </Fact>
            <Fact term="Created By">{row.created_by}</Fact>
        </dl>
    }
    .into_any()
}
