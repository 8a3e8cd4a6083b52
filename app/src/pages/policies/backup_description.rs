//! Everything there is to know of one backup.

use leptos::prelude::*;
use model::{
    backup::{BackupRow, UnreadableFile},
    list::Page,
    size,
};

use super::{describe::gone, expires::Expires};
use crate::{
    address::named_row,
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter, DialogText},
        facts::{Fact, Lines, RunTimes},
        loaded::loaded_quietly,
        phase::Badge,
        time::{Time, or_none},
    },
};

#[component]
pub fn DescribeBackup(backups: Answer<Page<BackupRow>>) -> impl IntoView {
    let id = named_row();
    let description =
        move |page: Page<BackupRow>| page.rows.into_iter().find(|row| row.id.0 == id).map_or_else(gone, backup_facts);
    view! {
        <Dialog title=tr!("Backup")>
            <DialogText>{loaded_quietly(backups, description)}</DialogText>
            <DialogFooter cancel=tr!("Done")/>
        </Dialog>
    }
}

pub fn backup_facts(row: BackupRow) -> AnyView {
    let phase = row.shown_phase();
    let duration = row.duration().map(size::duration);
    let deletion = row.deletion.map(|deletion| {
        let by = deletion.by.unwrap_or_else(|| tr!("Retention"));
        view! {
            <Fact term=tr!("Deleted By")>{by}</Fact>
            <Fact term=tr!("Removed At")>
                <Time at=deletion.after/>
            </Fact>
        }
    });
    let kept = row.kept.map(|kept| {
        let note = kept.note.map(|note| format!(" {note}")).unwrap_or_default();
        view! {
            <Fact term=tr!("Kept By")>
                {kept.by} " " <Time at=kept.at/> {note}
            </Fact>
        }
    });
    let unusual = row.unusual.map(|unusual| {
        let seen = unusual.acknowledged.map(|seen| {
            view! { <Fact term=tr!("Acknowledged By")>{seen.by} " " <Time at=seen.at/></Fact> }
        });
        view! {
            <Fact term=tr!("Unusual")>{unusual.words}</Fact>
            {seen}
        }
    });
    let lines = |term: String, lines: Vec<String>| {
        (!lines.is_empty()).then(|| view! { <Fact term=term><Lines lines=lines/></Fact> })
    };
    let changed = lines(tr!("Changed While Read"), row.changed);
    let (files, bytes) = row.too_large;
    let too_large = (files > 0).then(|| {
        let words = tr!("{n} file, {size}" | "{n} files, {size}" % files, size = size::bytes(bytes));
        view! { <Fact term=tr!("Left Out As Too Large")>{words}</Fact> }
    });
    let unmatched = lines(tr!("Patterns Without A Match"), row.unmatched);
    let unreadable = |file: UnreadableFile| format!("{}: {}", file.path, file.cause);
    let unreadable: Vec<String> = row.unreadable.into_iter().map(unreadable).collect();
    let snapshot = row.snapshot.map(|snapshot| {
        view! {
            <Fact term=tr!("Snapshot")>
                <code class="break">{snapshot}</code>
            </Fact>
        }
    });
    view! {
        <dl class="facts facts-list">
            <Fact term=tr!("Name")>{row.name}</Fact>
            <Fact term=tr!("Policy")>{row.policy.unwrap_or_else(|| tr!("Manual"))}</Fact>
            <Fact term=tr!("Status")>
                <Badge look=phase/>
            </Fact>
            {row.cause.map(|cause| view! { <Fact term=tr!("Cause")>{cause}</Fact> })}
            <Fact term=tr!("Attempt")>{row.attempt}</Fact>
            {row.retry_at.map(|at| view! { <Fact term=tr!("Next Try")><Time at=at/></Fact> })}
            {row.made_good.then(|| view! { <Fact term=tr!("Missed Run")>{tr!("Made good after a start of the server")}</Fact> })}
            <RunTimes queued=row.queued started=row.started finished=row.finished/>
            <Fact term=tr!("Duration")>{or_none(duration)}</Fact>
            <Fact term=tr!("Files")>{or_none(row.files.map(|files| files.to_string()))}</Fact>
            <Fact term=tr!("Size")>{or_none(row.size.map(size::bytes))}</Fact>
            <Fact term=tr!("Added")>{or_none(row.added.map(size::bytes))}</Fact>
            <Fact term=tr!("Expires")>
                <Expires expiry=row.expires/>
            </Fact>
            <Fact term=tr!("Unreadable")>
                <Lines lines=unreadable/>
            </Fact>
            {changed}
            {unmatched}
            {too_large}
            {unusual}
            {kept}
            {deletion}
            {snapshot}
        </dl>
    }
    .into_any()
}
