//! How the projects stand, in one sentence and as numbers. Each of them leads to the projects that it counts.

use leptos::prelude::*;
use model::standing::{Level, Standing, Standings};

use crate::{address::Address, browser::favicon, components::icon::Icon};

/// "12 of 15 projects protected · 2 failed · 1 not backed up".
#[component]
pub fn Summary(
    standings: Standings,
    /// Whether something else needs attention, which is no project's own.
    troubled: bool,
) -> impl IntoView {
    let level = if troubled { standings.level().max(Level::Warning) } else { standings.level() };
    let (class, icon, tab) = match level {
        Level::Good => ("summary summary-good", "check-circle", favicon::USUAL),
        Level::Warning => ("summary summary-warn", "alert", "/favicon-warning.svg"),
        Level::Bad => ("summary summary-bad", "cross-circle", "/favicon-bad.svg"),
    };
    Effect::new(move |_| {
        favicon::show(tab);
        on_cleanup(|| favicon::show(favicon::USUAL));
    });
    let parts = standings.unprotected().map(|(standing, count)| {
        view! {
            " · "
            <a href=projects(standing.as_str())>{standing.counted(count)}</a>
        }
    });
    view! {
        <p class=class>
            <Icon name=icon/>
            <span>
                <a href=projects(Standing::Protected.as_str())>{standings.protected_of_all()}</a>
                {parts.collect_view()}
            </span>
        </p>
    }
}

#[component]
pub fn Tiles(standings: Standings) -> impl IntoView {
    let tiles = [
        (tr!("Need attention"), "attention", standings.need_attention()),
        (tr!("Running"), "running", standings.running),
        (tr!("Protected"), Standing::Protected.as_str(), standings.of(Standing::Protected)),
        (tr!("Not backed up"), Standing::Off.as_str(), standings.of(Standing::Off)),
    ];
    let tile = |(label, state, count)| {
        view! {
            <li>
                <a class="tile" href=projects(state)>
                    <span class="tile-label">{label}</span>
                    <span class="tile-number">{count}</span>
                </a>
            </li>
        }
    };
    view! { <ul class="tiles">{tiles.into_iter().map(tile).collect_view()}</ul> }
}

/// The list of the projects in a state.
fn projects(state: &str) -> String {
    Address::new("/projects", "").with("state", state).href()
}
