//! Asking again while a page is open: whenever something moves, and now and then.

use std::time::Duration;

use leptos::prelude::*;
use model::ids::ProjectId;

use super::live::use_live;
use crate::{
    components::answer::{Answer, Data},
    ui::use_ui,
};

/// How often a page asks again by itself: while something runs; otherwise, since a schedule may start something any
/// minute; and both while the server tells what moves, which may miss what begins and ends between two of its looks.
const BUSY: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(10);
const BUSY_AND_TOLD: Duration = Duration::from_secs(5);
const IDLE_AND_TOLD: Duration = Duration::from_secs(30);

/// Asks for an answer again while the page is open: whenever runs of any project move, and now and then.
pub fn keep_fresh<T: Data>(answer: Answer<T>, is_busy: impl Fn(&T) -> bool + Send + Sync + 'static) {
    keep_fresh_for(answer, || None, is_busy);
}

/// The same for an answer about one project.
pub fn keep_fresh_of<T: Data>(
    answer: Answer<T>,
    project: Memo<ProjectId>,
    is_busy: impl Fn(&T) -> bool + Send + Sync + 'static,
) {
    keep_fresh_for(answer, move || Some(project.get()), is_busy);
}

fn keep_fresh_for<T: Data>(
    answer: Answer<T>,
    project: impl Fn() -> Option<ProjectId> + Send + Sync + 'static,
    is_busy: impl Fn(&T) -> bool + Send + Sync + 'static,
) {
    let busy = move || answer.looking(&is_busy);
    ask_again(Box::new(busy), Box::new(project), Box::new(move || answer.refetch()));
}

type Look<T> = Box<dyn Fn() -> T + Send + Sync>;

/// The same for all types, so that its code is made once. Without anything to show there is nothing to keep fresh.
fn ask_again(busy: Look<Option<bool>>, project: Look<Option<ProjectId>>, refetch: Look<()>) {
    let (ui, live) = (use_ui(), use_live());
    let refetch = StoredValue::new(refetch);
    let asked = RwSignal::new(0_u64);
    let refetch = move || {
        refetch.with_value(|refetch| refetch());
        asked.update(|asked| *asked += 1);
    };
    Effect::new(move |known: Option<Option<u64>>| {
        let heard = live.count(project());
        let known = known.unwrap_or(heard);
        if heard.is_some() && heard != known {
            refetch();
        }
        heard.or(known)
    });
    Effect::new(move |_| {
        asked.track();
        let told = live.is_connected();
        let pause = match busy() {
            _ if !ui.is_reachable() => IDLE,
            Some(true) if told => BUSY_AND_TOLD,
            Some(true) => BUSY,
            Some(false) if told => IDLE_AND_TOLD,
            Some(false) => IDLE,
            None => return,
        };
        if live.is_shown()
            && let Ok(timer) = set_timeout_with_handle(refetch, pause)
        {
            on_cleanup(move || timer.clear());
        }
    });
}
