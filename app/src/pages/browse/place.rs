//! The way from the top of a backup to the folder that is shown.

use leptos::prelude::*;

use crate::address::use_address;

#[component]
pub fn Place(path: String) -> impl IntoView {
    let address = use_address().get_untracked();
    let top = address.path().to_owned();
    let folders: Vec<(String, String)> = path
        .split('/')
        .filter(|name| !name.is_empty())
        .scan(String::new(), |parent, name| {
            *parent = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
            Some((name.to_owned(), parent.clone()))
        })
        .collect();
    let last = folders.len();
    let folder = |(index, (name, path)): (usize, (String, String))| {
        let href = address.clone().without(&["search", "page"]).with("path", path).href();
        let current = (index + 1 == last).then_some("page");
        view! {
            <li>
                <a href=href aria-current=current data-noscroll="true">
                    {name}
                </a>
            </li>
        }
    };
    view! {
        <nav class="place" aria-label=tr!("Folder")>
            <ol>
                <li>
                    <a href=top aria-current=(last == 0).then_some("page") data-noscroll="true">
                        {tr!("All files")}
                    </a>
                </li>
                {folders.into_iter().enumerate().map(folder).collect_view()}
            </ol>
        </nav>
    }
}
