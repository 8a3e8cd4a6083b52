//! The field for a directory on the server, with the way to choose one instead of typing it.

use leptos::prelude::*;
use model::{
    directory::{DirectoryQuery, DirectoryView, Folder, FolderExtent},
    ids::OrganizationId,
    size,
};

use crate::{
    api::{ApiError, projects::look_into_directory},
    components::{
        field::{Field, Kind},
        form_state::FormState,
        icon::Icon,
    },
    ui::use_ui,
};

#[component]
pub fn DirectoryField(
    /// The field's name in the form.
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: String,
    #[prop(into)] hint: String,
    #[prop(optional)] required: bool,
    /// Whose directories are shown. Without it the form has a field `organization`, or it is the person's own.
    #[prop(optional)]
    organization: Option<OrganizationId>,
    /// The node that has it. Without it the form may have a field `node`.
    #[prop(optional, into)]
    node: Option<Option<String>>,
) -> impl IntoView {
    let state = expect_context::<FormState>();
    let is_open = RwSignal::new(false);
    let first = value.clone();
    let query = Signal::derive(move || DirectoryQuery {
        organization: organization.or_else(|| state.value("organization", "").parse().ok().map(OrganizationId)),
        node: node.clone().unwrap_or_else(|| Some(state.value("node", "")).filter(|node| !node.is_empty())),
        path: state.value(name, &first),
    });
    let panel = move || is_open.get().then(|| view! { <Picker name=name query=query/> });
    view! {
        <div class="directory-field">
            <Field name=name label=label kind=Kind::Code value=value required=required hint=hint/>
            <button
                type="button"
                class="button button-small live"
                aria-expanded=move || is_open.get().to_string()
                on:click=move |_| is_open.update(|open| *open = !*open)
            >
                <Icon name="folder"/>
                {tr!("Choose…")}
            </button>
        </div>
        {panel}
    }
}

/// The folders of the directory that is typed. Choosing one fills the field in, and shows what is in it.
#[component]
fn Picker(name: &'static str, query: Signal<DirectoryQuery>) -> impl IntoView {
    let state = expect_context::<FormState>();
    let ui = use_ui();
    let view: RwSignal<Option<Result<DirectoryView, ApiError>>> = RwSignal::new(None);
    let ask = Action::new(move |query: &DirectoryQuery| {
        let answer = look_into_directory(query.clone());
        async move {
            let answer = answer.await;
            ui.note_reached(!matches!(answer, Err(ApiError::Offline)));
            // What is no directory yet does not take the list away; the roots are the way out.
            view.try_set(Some(answer));
        }
    });
    Effect::new(move |_| {
        ask.dispatch(query.get());
    });
    let choose = move |path: String| state.set(name, &path);
    let draw = move || match view.get() {
        None => view! { <p class="muted">{tr!("Loading…")}</p> }.into_any(),
        Some(Ok(view)) => view! { <Folders view=view choose=choose/> }.into_any(),
        Some(Err(error)) => {
            let errors = error.form_errors();
            let told = errors.message_for("directory").map_or_else(|| errors.summary.clone(), str::to_owned);
            view! {
                <p class="preview-error">{told}</p>
                <FolderButton folder=Folder { name: tr!("All directories"), path: String::new() } choose=choose/>
            }
            .into_any()
        }
    };
    view! {
        <div class="picker" role="group" aria-label=tr!("Directories on the server") aria-busy=move || ask.pending().get().to_string()>
            {draw}
        </div>
    }
}

#[component]
fn Folders(view: DirectoryView, choose: impl Fn(String) + Copy + 'static) -> impl IntoView {
    let up = (!view.path.is_empty()).then(|| {
        let path = view.above.clone().unwrap_or_default();
        view! { <FolderButton folder=Folder { name: tr!("Up"), path } choose=choose/> }
    });
    let summary = summary(&view);
    let folders = view.folders.into_iter().map(|folder| view! { <FolderButton folder=folder choose=choose/> });
    let more =
        view.more.then(|| view! { <p class="field-hint">{tr!("There are more folders. Type the path to go on.")}</p> });
    view! {
        <p class="picker-summary" aria-live="polite">{summary}</p>
        <div class="picker-folders">
            {up}
            {folders.collect_view()}
        </div>
        {more}
    }
}

fn summary(view: &DirectoryView) -> String {
    match view.extent {
        FolderExtent::Elsewhere => {
            tr!("This directory is on another node, so it cannot be looked into here. Type its path.")
        }
        FolderExtent::NoAnswer => tr!("The directory does not answer at this moment."),
        FolderExtent::Whole if view.path.is_empty() && view.folders.is_empty() => {
            tr!("The operator has not allowed any directory yet: set HOLDFAST_SOURCE_ROOTS.")
        }
        _ if view.path.is_empty() => tr!("Directories that may be used:"),
        FolderExtent::Whole => {
            tr!(
                "{path}: {n} file, {size}" | "{path}: {n} files, {size}" % view.files,
                path = view.path,
                size = size::bytes(view.bytes)
            )
        }
        FolderExtent::Part => {
            tr!(
                "{path}: at least {n} file, {size}" | "{path}: at least {n} files, {size}" % view.files,
                path = view.path,
                size = size::bytes(view.bytes)
            )
        }
    }
}

#[component]
fn FolderButton(folder: Folder, choose: impl Fn(String) + 'static) -> impl IntoView {
    let Folder { name, path } = folder;
    view! {
        <button type="button" class="button button-quiet button-small" on:click=move |_| choose(path.clone())>
            <Icon name="folder"/>
            {name}
        </button>
    }
}
