//! What can be done to many projects at once: ticks in the rows, and a form that sends those that are ticked.

use std::collections::BTreeSet;

use leptos::prelude::*;
use model::{list::ListQuery, many::ManyDeed, project::ProjectRow};

use crate::{
    address::{Address, use_part},
    api::projects::ActOnProjects,
    components::{
        form::{Form, form_id},
        select::{Choice, Select},
        submit::Submit,
    },
    ui::use_ui,
};

/// The name under which it sends them.
const NAME: &str = "form[projects][]";

/// The projects that are ticked.
#[derive(Clone, Copy)]
pub struct Chosen(RwSignal<BTreeSet<i64>>);

impl Chosen {
    /// Provides it to the list. After something was done, and where other rows are shown, nothing is chosen.
    pub fn provide() {
        let chosen = Self(RwSignal::default());
        provide_context(chosen);
        let (ui, shown) = (use_ui(), use_part(Address::list_query));
        Effect::new(move |before: Option<(u64, ListQuery)>| {
            let now = (ui.changes(), shown.get());
            if before.is_some_and(|before| before != now) {
                chosen.0.set(BTreeSet::new());
            }
            now
        });
    }

    fn set(self, id: i64, on: bool) {
        self.0.update(|chosen| {
            if on {
                chosen.insert(id)
            } else {
                chosen.remove(&id)
            };
        });
    }
}

/// The tick of one row.
#[component]
pub fn RowTick(id: i64, name: String) -> impl IntoView {
    let chosen = expect_context::<Chosen>();
    view! {
        <td class="col-tick">
            <input
                type="checkbox"
                form={form_id::<ActOnProjects>()}
                name=NAME
                value=id
                aria-label=tr!("Choose {}", name)
                prop:checked=move || chosen.0.with(|chosen| chosen.contains(&id))
                on:change=move |event| chosen.set(id, event_target_checked(&event))
            />
        </td>
    }
}

/// The tick of the whole page.
#[component]
pub fn PageTick(rows: Signal<Vec<ProjectRow>>) -> impl IntoView {
    let chosen = expect_context::<Chosen>();
    let all = move || {
        rows.with(|rows| chosen.0.with(|chosen| !rows.is_empty() && rows.iter().all(|row| chosen.contains(&row.id.0))))
    };
    let choose = move |event| {
        let on = event_target_checked(&event);
        for row in rows.get_untracked() {
            chosen.set(row.id.0, on);
        }
    };
    view! {
        <th scope="col" class="col-tick">
            <input
                type="checkbox"
                class="live"
                aria-label=tr!("Choose all on this page")
                prop:checked=all
                on:change=choose
            />
        </th>
    }
}

/// The form. Where WASM runs it is there while something is ticked.
#[component]
pub fn ManyForm() -> impl IntoView {
    let chosen = expect_context::<Chosen>();
    let count = Memo::new(move |_| chosen.0.with(BTreeSet::len));
    let choices: Vec<Choice> = ManyDeed::ALL
        .iter()
        .map(|deed| {
            let label = deed.label();
            Choice::new(deed, tr!(label))
        })
        .collect();
    let words = move || match count.get() {
        0 => String::new(),
        count => tr!("{n} chosen" | "{n} chosen" % count),
    };
    view! {
        <div class="many" class:many-idle=move || count.get() == 0>
            <Form<ActOnProjects> class="many-form">
                <Select name="deed" label=tr!("With the chosen projects") groups=vec![choices.into()]/>
                <Submit label=tr!("Apply") pending=tr!("Working…") class="button"/>
                <span class="muted" aria-live="polite">
                    {words}
                </span>
            </Form<ActOnProjects>>
        </div>
    }
}
