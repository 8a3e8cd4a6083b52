//! Everything there is to know of one backup.

use leptos::prelude::*;
use model::{
    backup::{BackupRow, UnreadableFile},
    list::Page,
    size,
};

use super::{describe::gone, expires::Expires};
use crate::{
    address::use_address,
    components::{
        dialog::{Dialog, DialogFooter, DialogText},
        facts::{Fact, Lines},
        loaded::{Answer, loaded_quietly},
        phase::Badge,
        time::{MaybeTime, Time, or_none},
    },
};

#[component]
pub fn DescribeBackup(backups: Answer<Page<BackupRow>>) -> impl IntoView {
    let id: i64 = use_address().read_untracked().number("id").unwrap_or_default();
    let row = move |page: &Page<BackupRow>| page.rows.iter().find(|row| row.id.0 == id).cloned();
    view! {
        <Dialog title="Backup">
            <DialogText>{loaded_quietly(backups, row, |row| row.map_or_else(gone, facts))}</DialogText>
            <DialogFooter cancel="Done"/>
        </Dialog>
    }
}

fn facts(row: BackupRow) -> AnyView {
    let duration = row.duration().map(size::duration);
    let unreadable = |file: UnreadableFile| format!("{}: {}", file.path, file.cause);
    let unreadable: Vec<String> = row.unreadable.into_iter().map(unreadable).collect();
    let snapshot = row.snapshot.map(|snapshot| {
        view! {
            <Fact term="Snapshot">
                <code class="break">{snapshot}</code>
            </Fact>
        }
    });
    view! {
        <dl class="facts facts-list">
            <Fact term="Name">{row.name}</Fact>
            <Fact term="Policy">{row.policy.unwrap_or_else(|| "Manual".to_owned())}</Fact>
            <Fact term="Phase">
                <Badge look=row.phase/>
            </Fact>
            {row.cause.map(|cause| view! { <Fact term="Cause">{cause}</Fact> })}
            <Fact term="Try">{row.attempt}</Fact>
            {row.retry_at.map(|at| view! { <Fact term="Next Try"><Time at=at/></Fact> })}
            {row.made_good.then(|| view! { <Fact term="Missed Run">"Made good after a start of the server"</Fact> })}
            <Fact term="Queued">
                <Time at=row.queued/>
            </Fact>
            <Fact term="Started">
                <MaybeTime at=row.started/>
            </Fact>
            <Fact term="Finished">
                <MaybeTime at=row.finished/>
            </Fact>
            <Fact term="Duration">{or_none(duration)}</Fact>
            <Fact term="Files">{or_none(row.files.map(|files| files.to_string()))}</Fact>
            <Fact term="Size">{or_none(row.size.map(size::bytes))}</Fact>
            <Fact term="Added">{or_none(row.added.map(size::bytes))}</Fact>
            <Fact term="Expires">
                <Expires expiry=row.expires/>
            </Fact>
            <Fact term="Unreadable">
                <Lines lines=unreadable/>
            </Fact>
            {snapshot}
        </dl>
    }
    .into_any()
}
