//! The entries of a folder, or what a search found.

use leptos::prelude::*;
use model::{
    backup::{ArchiveFormat, BrowseEntry, BrowseView, EntryKind, part_of_folder},
    ids::BackupId,
    list::{ListQuery, Page},
    size,
};

use crate::{
    address::{encode, use_address},
    components::{
        empty::{Empty, NothingFound},
        icon::Icon,
        pager::{PageFacts, Pager},
        project_frame::use_project_id,
        time::{MaybeTime, NoValue},
    },
};

#[component]
pub fn Entries(view: BrowseView, backup: BackupId) -> impl IntoView {
    let address = use_address().get_untracked();
    let searched = address.get("search").is_some();
    match (view.total == 0, searched) {
        (true, true) => view! { <NothingFound all=address.without(&["search", "page"]).href()/> }.into_any(),
        (true, false) => view! { <Empty icon="folder" title=tr!("This folder is empty")/> }.into_any(),
        (false, _) => view! { <Table view=view backup=backup searched=searched/> }.into_any(),
    }
}

#[component]
fn Table(view: BrowseView, backup: BackupId, searched: bool) -> impl IntoView {
    let address = use_address().get_untracked();
    let more = view.more.then(|| {
        view! { <p class="table-note">{tr!("More was found than is shown. Search for a longer part of the name.")}</p> }
    });
    let links = Links::new(backup, searched);
    let ListQuery { page, per_page, .. } = address.list_query();
    let page = Page::new(&part_of_folder(page, per_page), view.entries, view.total);
    let facts = PageFacts::from(&page);
    let rows = page.rows.into_iter().map(|entry| view! { <Row entry=entry links=links/> }).collect_view();
    view! {
        {more}
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Entries")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!("Name")}</th>
                        <th scope="col" class="number">
                            {tr!("Size")}
                        </th>
                        <th scope="col">{tr!("Modified")}</th>
                        <th scope="col" class="actions">
                            {tr!("Actions")}
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <Pager facts=facts/>
    }
}

/// Where the links of the entries lead.
#[derive(Clone, Copy)]
struct Links {
    project: i64,
    backup: i64,
    /// Whether entries are shown with their whole path.
    searched: bool,
}

impl Links {
    fn new(backup: BackupId, searched: bool) -> Self {
        Self { project: use_project_id().get_untracked().0, backup: backup.0, searched }
    }

    fn download(self, path: &str) -> String {
        format!("/projects/{}/backups/{}/download?path={}", self.project, self.backup, encode(path))
    }

    fn archive(self, path: &str, format: ArchiveFormat) -> String {
        archive_address(self.project, self.backup, path, format)
    }

    fn restore(self, path: &str) -> String {
        let Self { project, backup, .. } = self;
        format!("/projects/{project}/policies?tab=backups&dialog=restore&id={backup}&path={}", encode(path))
    }
}

#[component]
fn Row(entry: BrowseEntry, links: Links) -> impl IntoView {
    let path = entry.path.clone();
    let is_file = entry.kind == EntryKind::File;
    let size = if is_file { size::bytes(entry.size).into_any() } else { view! { <NoValue/> }.into_any() };
    let modified = entry.modified;
    let download = is_file.then(|| {
        view! {
            <a class="button button-quiet button-small" href=links.download(&path) rel="external">
                {tr!("Download")}
            </a>
        }
    });
    let is_folder = entry.kind == EntryKind::Directory;
    let archives = is_folder.then(|| archive_links(|format| links.archive(&path, format)));
    let restore = view! {
        <a class="button button-quiet button-small" href=links.restore(&path)>
            {tr!("Restore")}
        </a>
    };
    view! {
        <tr>
            <td data-label=tr!("Name") class="break">
                <EntryName entry=entry links=links/>
            </td>
            <td data-label=tr!("Size") class="number">
                {size}
            </td>
            <td data-label=tr!("Modified")>
                <MaybeTime at=modified/>
            </td>
            <td data-label=tr!("Actions") class="actions">
                <div class="action-row action-row-wide">{download} {archives} {restore}</div>
            </td>
        </tr>
    }
}

/// Where a folder is downloaded; an empty path is the whole backup.
pub fn archive_address(project: i64, backup: i64, path: &str, format: ArchiveFormat) -> String {
    format!("/projects/{project}/backups/{backup}/download?path={}&as={}", encode(path), format.ending())
}

/// A link for each kind of archive.
pub fn archive_links(address: impl Fn(ArchiveFormat) -> String) -> AnyView {
    let link = |format: ArchiveFormat| {
        view! {
            <a class="button button-quiet button-small" href=address(format) rel="external">
                {tr!("Download as {}", format.ending())}
            </a>
        }
    };
    ArchiveFormat::ALL.map(link).into_any()
}

/// A folder's name leads into it, a file's downloads it.
#[component]
fn EntryName(entry: BrowseEntry, links: Links) -> impl IntoView {
    let address = use_address().get_untracked();
    let name = if links.searched { entry.path.clone() } else { entry.name };
    let (icon, label) = match entry.kind {
        EntryKind::Directory => {
            let href = address.without(&["search", "page"]).with("path", &entry.path).href();
            ("folder", view! { <a href=href data-noscroll="true">{name}</a> }.into_any())
        }
        EntryKind::File => ("file", view! { <a href=links.download(&entry.path) rel="external">{name}</a> }.into_any()),
        EntryKind::Symlink { target } => {
            ("link", view! { <span>{name} <span class="muted">" → " {target}</span></span> }.into_any())
        }
        EntryKind::Other => ("file", name.into_any()),
    };
    view! {
        <span class="entry">
            <Icon name=icon/>
            {label}
        </span>
    }
}
